//! The path of a request as a list of plain names.
//!
//! Every segment is decoded exactly once and must then be one ordinary file name: whatever could mean another directory
//! on some system (`..`, an encoded slash, a backslash, a drive letter, NUL) is refused here, before any file is touched.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// All that does not stand for itself in a path segment, by RFC 3986, `pchar`.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Why a path names no file, whatever is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PathError {
    #[error("expected a path that starts with /")]
    NotAbsolute,
    #[error("expected UTF-8 behind the percent signs")]
    NotUtf8,
    #[error(
        "a path must not leave the directory, and its names hold no slash, backslash, colon drive or NUL"
    )]
    NotAName,
}

/// A decoded path: names below the served directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath {
    names: Vec<String>,
    directory: bool,
    query: String,
}

impl RequestPath {
    /// Of a request path such as `/a%20b/c.js?v=1`. The empty path is `/`; empty segments and `.` mean nothing.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (text, String::new()),
        };
        if !path.is_empty() && !path.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        let mut names = Vec::new();
        let mut directory = true;
        for segment in path.split('/') {
            let name = percent_decode_str(segment)
                .decode_utf8()
                .map_err(|_| PathError::NotUtf8)?;
            directory = matches!(&*name, "" | ".");
            if !directory {
                if !is_a_name(&name) {
                    return Err(PathError::NotAName);
                }
                names.push(name.into_owned());
            }
        }
        Ok(Self {
            names,
            directory,
            query,
        })
    }

    /// The served directory itself.
    pub(crate) fn root() -> Self {
        Self {
            names: Vec::new(),
            directory: true,
            query: String::new(),
        }
    }

    /// Whether it ends with a slash, so that only a directory can be meant.
    pub(crate) fn is_directory(&self) -> bool {
        self.directory
    }

    /// Whether it could be the address of a page that only a script knows: its last name has no extension.
    pub(crate) fn may_be_a_page(&self) -> bool {
        let last = self.names.last().map(Path::new);
        self.directory || last.is_some_and(|name| name.extension().is_none())
    }

    /// Below `root`.
    pub(crate) fn below(&self, root: &Path) -> PathBuf {
        let mut path = root.to_owned();
        path.extend(&self.names);
        path
    }

    /// For people: decoded.
    pub(crate) fn shown(&self) -> String {
        let slash = if self.directory && !self.names.is_empty() {
            "/"
        } else {
            ""
        };
        format!("/{}{slash}", self.names.join("/"))
    }

    /// The same place with a slash at the end, relative to itself: `./name/?query`.
    ///
    /// Relative, so that it holds below any prefix; with `./`, so that no name reads as a scheme or a host.
    pub(crate) fn with_slash(&self) -> String {
        let last = self.names.last().map_or("", String::as_str);
        format!("./{}/{}", utf8_percent_encode(last, SEGMENT), self.query)
    }
}

fn is_a_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!(parts.next(), Some(Component::Normal(part)) if part == name)
        && parts.next().is_none();
    // A colon is an ordinary character except on Windows, where it names a drive or a stream.
    one && !name.contains(['/', '\\', '\0']) && !(cfg!(windows) && name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        RequestPath::parse(text).unwrap().shown()
    }

    #[test]
    fn names_are_decoded_exactly_once() {
        assert_eq!(shown("/a%20b/%C3%A9.js"), "/a b/é.js");
        assert_eq!(shown("/100%2525"), "/100%25");
        assert_eq!(shown("/%252e%252e/x"), "/%2e%2e/x");
        assert_eq!(shown("/50%"), "/50%");
        assert_eq!(shown("/a+b"), "/a+b");
    }

    #[test]
    fn query_fragment_dots_and_empty_segments_do_not_count() {
        assert_eq!(shown("/a/b?x=/../c#/d"), "/a/b");
        assert_eq!(shown("//a/./%2e/b"), "/a/b");
        assert_eq!(shown(""), "/");
        assert_eq!(shown("/a//"), "/a/");
    }

    #[test]
    fn whatever_could_lead_out_is_no_name() {
        for text in [
            "/..",
            "/a/../b",
            "/%2e%2e/b",
            "/.%2E",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/..%2f",
        ] {
            assert_eq!(RequestPath::parse(text), Err(PathError::NotAName), "{text}");
        }
        assert_eq!(RequestPath::parse("/%ff"), Err(PathError::NotUtf8));
        assert_eq!(RequestPath::parse("a"), Err(PathError::NotAbsolute));
    }

    #[test]
    fn only_names_without_an_extension_may_be_pages() {
        for (text, page) in [
            ("/users/7", true),
            ("/", true),
            ("/a.b/", true),
            ("/app.js", false),
            ("/.env", true),
        ] {
            assert_eq!(
                RequestPath::parse(text).unwrap().may_be_a_page(),
                page,
                "{text}"
            );
        }
    }

    #[test]
    fn the_way_to_the_slash_is_relative_and_encoded() {
        let with_slash = |text| RequestPath::parse(text).unwrap().with_slash();
        assert_eq!(with_slash("/a/b%20%25?x=1&y"), "./b%20%25/?x=1&y");
        assert_eq!(with_slash("//evil.example"), "./evil.example/");
    }
}
