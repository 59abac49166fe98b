//! From names to an open file that certainly lies inside the served directory.
//!
//! The path is made canonical first, so a symlink counts as the place it leads to. What is opened is then compared with
//! what was checked; on systems with inode numbers an exchange in between is noticed. A FIFO, socket or device is never
//! opened: that could block, or do something.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::request_path::RequestPath;

/// What a path leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A regular file.
    File {
        /// Open for reading, at its start.
        file: File,
        /// Its size in bytes.
        length: u64,
        /// As it was asked for, so that a symlink has the content type of its own name.
        path: PathBuf,
    },
    /// A directory, asked for without the slash that its relative links need.
    NeedsSlash,
}

/// Why there is nothing to serve.
#[derive(Debug)]
pub(crate) enum Refused {
    /// No such file inside the directory; what lies outside or is no regular file looks the same.
    Missing,
    /// It is there and the system does not hand it out.
    Unreadable(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::InvalidFilename => Self::Missing,
            _ => Self::Unreadable(error),
        }
    }
}

pub(crate) fn resolve(root: &Path, path: &RequestPath) -> Result<Found, Refused> {
    let asked = path.below(root);
    let (place, metadata) = locate(root, &asked)?;
    if metadata.is_dir() {
        if !path.is_directory() {
            return Ok(Found::NeedsSlash);
        }
        let index = asked.join("index.html");
        let (place, metadata) = locate(root, &index)?;
        return open(&place, &metadata, index);
    }
    if path.is_directory() {
        return Err(Refused::Missing);
    }
    open(&place, &metadata, asked)
}

fn locate(root: &Path, asked: &Path) -> Result<(PathBuf, Metadata), Refused> {
    let place = asked.canonicalize()?;
    if !place.starts_with(root) {
        return Err(Refused::Missing);
    }
    let metadata = place.symlink_metadata()?;
    Ok((place, metadata))
}

fn open(place: &Path, checked: &Metadata, path: PathBuf) -> Result<Found, Refused> {
    if !checked.is_file() {
        return Err(Refused::Missing);
    }
    let file = File::open(place)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || !same_file(checked, &metadata) {
        return Err(Refused::Missing);
    }
    Ok(Found::File {
        file,
        length: metadata.len(),
        path,
    })
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}
