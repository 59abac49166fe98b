//! A file on its way: first `<name>.part`, which is new, then the file itself, under a name that nothing had.
//!
//! The `.part` file is what reserves a name, between programs too. Dropping it removes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::name::numbered;

/// How many names are tried.
const TRIES: usize = 10_000;

/// See the module.
pub(crate) struct Part {
    folder: PathBuf,
    name: String,
    number: usize,
    path: PathBuf,
    finished: bool,
}

impl Part {
    /// Makes the file, which is empty, and whose name is `name`, numbered if need be.
    pub(crate) fn reserve(folder: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for number in 0..TRIES {
            let numbered = numbered(name, number);
            if is_there(&folder.join(&numbered)) {
                continue;
            }
            let path = folder.join(format!("{numbered}.part"));
            if is_there(&unfinished(&path)) {
                continue;
            }
            if create(&path)?.is_some() {
                return Ok(Self {
                    folder: folder.to_owned(),
                    name: name.to_owned(),
                    number,
                    path,
                    finished: false,
                });
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that it will be, unless another one comes there first.
    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join(numbered(&self.name, self.number))
    }

    /// All is written. Returns the path of the file.
    pub(crate) fn finish(mut self) -> io::Result<PathBuf> {
        for number in self.number..self.number + TRIES {
            let target = self.folder.join(numbered(&self.name, number));
            // An empty file of ours is what is written over, never somebody else's.
            if create(&target)?.is_none() {
                continue;
            }
            return match fs::rename(&self.path, &target) {
                Ok(()) => {
                    self.finished = true;
                    Ok(target)
                }
                Err(error) => {
                    // It is empty.
                    let _ = fs::remove_file(&target);
                    Err(error)
                }
            };
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // The web engine removes its own, unless it ended.
        let _ = fs::remove_file(unfinished(&self.path));
        let _ = fs::remove_file(&self.path);
    }
}

/// Where the web engine writes what becomes the file at `path`, over whatever is there.
fn unfinished(path: &Path) -> PathBuf {
    let mut unfinished = path.to_owned().into_os_string();
    unfinished.push(".wkdownload");
    unfinished.into()
}

/// Something has this name, a dead symlink too.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Makes a new, empty file; `None` when something has this name.
fn create(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_becomes_the_file_or_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new/folder");
        let part = Part::reserve(&folder, "a.txt").unwrap();
        assert_eq!(names(&folder), ["a.txt.part"]);
        fs::write(part.path(), "all").unwrap();
        assert_eq!(part.finish().unwrap(), folder.join("a.txt"));
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"all");
        drop(Part::reserve(&folder, "b.txt").unwrap());
        assert_eq!(names(&folder), ["a.txt"]);
    }

    #[test]
    fn nothing_is_written_over() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        fs::write(folder.join("a.txt"), "old").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("a (1).txt")).unwrap();
        let first = Part::reserve(folder, "a.txt").unwrap();
        assert_eq!(first.target(), folder.join("a (2).txt"));
        let second = Part::reserve(folder, "a.txt").unwrap();
        assert_eq!(second.target(), folder.join("a (3).txt"));
        fs::write(folder.join("a (2).txt"), "came between").unwrap();
        assert_eq!(first.finish().unwrap(), folder.join("a (3).txt"));
        assert_eq!(second.finish().unwrap(), folder.join("a (4).txt"));
        assert_eq!(fs::read(folder.join("a.txt")).unwrap(), b"old");
        assert_eq!(fs::read(folder.join("a (2).txt")).unwrap(), b"came between");
    }

    #[test]
    fn what_the_engine_would_write_over_is_passed_by() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        fs::write(folder.join("a.txt.part.wkdownload"), "of somebody").unwrap();
        let part = Part::reserve(folder, "a.txt").unwrap();
        assert_eq!(part.target(), folder.join("a (1).txt"));
        drop(part);
        assert_eq!(names(folder), ["a.txt.part.wkdownload"]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        assert!(Part::reserve(&place.path().join("file/folder"), "a").is_err());
    }
}
