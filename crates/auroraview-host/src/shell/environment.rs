//! What the program tells through the environment and stdin, and what the engine must not see of it.

use std::env;
use std::io;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

const ADDRESS: &str = "AURORAVIEW_URL";
const SECRET: &str = "AURORAVIEW_SECRET";
const SECRET_VIA: &str = "AURORAVIEW_SECRET_VIA";
/// How long the secret on stdin may take.
const SECRET_PATIENCE: Duration = Duration::from_secs(5);
const SECRET_LENGTH: usize = 4096;

/// What `encodeURIComponent` leaves as it is, and fewer.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Why there is no page to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("{ADDRESS} is not set; expected the address of the page to show")]
    Missing,
    #[error("{ADDRESS} is no address: {0}")]
    Address(#[from] url::ParseError),
    #[error("{ADDRESS} has the scheme {0:?}; expected http, https or file")]
    Scheme(String),
    #[error("{SECRET_VIA} is {0:?}; expected \"env\" or \"stdin\"")]
    Way(String),
    #[error("no secret came on stdin within {} s", SECRET_PATIENCE.as_secs())]
    Late,
    #[error("stdin ended before the line with the secret")]
    Ended,
    #[error("the secret is longer than {SECRET_LENGTH} bytes or no UTF-8")]
    Secret,
    #[error("the secret cannot be read from stdin: {0}")]
    Stdin(#[from] io::Error),
}

/// Gives the process a locale with UTF-8 where it would have none, and lets input methods and dialogs know it. To be called before
/// any other thread runs.
pub(crate) fn prefer_utf8() {
    // The first of them that is set decides.
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let decides = names.iter().find_map(|name| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some((*name, value))
    });
    let change = match decides {
        Some((name, value)) => (value == "C" || value == "POSIX").then_some(name),
        None => Some("LANG"),
    };
    // SAFETY: this is the only thread of the process; the category and the text are those of C.
    unsafe {
        if let Some(name) = change {
            env::set_var(name, "C.UTF-8");
        }
        libc::setlocale(libc::LC_CTYPE, c"".as_ptr());
        // Dialogs are in the user's language.
        libc::setlocale(libc::LC_MESSAGES, c"".as_ptr());
    }
}

/// The address to show: that of the environment, with the port and the secret where the page looks for them. Takes the
/// secret out of the environment. To be called before any other thread runs.
pub(crate) fn page(port: u16) -> Result<Url, PageError> {
    let address = env::var(ADDRESS).ok().filter(|address| !address.is_empty());
    let secret = secret()?;
    complete(&address.ok_or(PageError::Missing)?, port, secret.as_deref())
}

fn complete(address: &str, port: u16, secret: Option<&str>) -> Result<Url, PageError> {
    let mut url = Url::parse(address)?;
    if !matches!(url.scheme(), "http" | "https" | "file") {
        return Err(PageError::Scheme(url.scheme().into()));
    }
    if !url.query_pairs().any(|(name, _)| name == "port") {
        url.query_pairs_mut().append_pair("port", &port.to_string());
    }
    if let Some(secret) = secret {
        let token = format!("token={}", utf8_percent_encode(secret, ESCAPED));
        let fragment = match url.fragment().filter(|fragment| !fragment.is_empty()) {
            Some(fragment) => format!("{fragment}&{token}"),
            None => token,
        };
        url.set_fragment(Some(&fragment));
    }
    Ok(url)
}

fn secret() -> Result<Option<String>, PageError> {
    let given = env::var(SECRET).ok().filter(|secret| !secret.is_empty());
    // SAFETY: this is the only thread of the process.
    unsafe { env::remove_var(SECRET) };
    match env::var(SECRET_VIA).as_deref() {
        Ok("stdin") => first_line(&io::stdin().lock(), SECRET_PATIENCE).map(Some),
        Ok("env" | "") | Err(_) => Ok(given),
        Ok(other) => Err(PageError::Way(other.into())),
    }
}

/// The first line that comes, without its end. Reads no further.
fn first_line(source: &impl AsRawFd, patience: Duration) -> Result<String, PageError> {
    let end = Instant::now() + patience;
    let mut line = Vec::new();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let mut question = libc::pollfd {
            fd: source.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one entry, alive during the call.
        match unsafe { libc::poll(&raw mut question, 1, milliseconds) } {
            0 => return Err(PageError::Late),
            1.. => {}
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => continue,
                error => return Err(error.into()),
            },
        }
        let mut byte = 0_u8;
        // SAFETY: room for one byte, alive during the call.
        match unsafe { libc::read(question.fd, (&raw mut byte).cast(), 1) } {
            1 if byte != b'\n' => line.push(byte),
            0 if line.is_empty() => return Err(PageError::Ended),
            0 | 1 => break,
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error.into()),
            },
        }
        if line.len() > SECRET_LENGTH {
            return Err(PageError::Secret);
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    match String::from_utf8(line) {
        Ok(line) if line.is_empty() => Err(PageError::Ended),
        Ok(line) => Ok(line),
        Err(_) => Err(PageError::Secret),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_page_gets_port_and_secret() {
        for (address, secret, wanted) in [
            (
                "http://127.0.0.1:8000/",
                None,
                "http://127.0.0.1:8000/?port=9",
            ),
            (
                "http://127.0.0.1:8000/?port=7",
                Some("s"),
                "http://127.0.0.1:8000/?port=7#token=s",
            ),
            (
                "https://a.example/x?a=b",
                Some("s"),
                "https://a.example/x?a=b&port=9#token=s",
            ),
            (
                "file:///p/a%20b.html?port=9",
                Some("s"),
                "file:///p/a%20b.html?port=9#token=s",
            ),
            (
                "http://a.example/?port=9#/route",
                Some("s"),
                "http://a.example/?port=9#/route&token=s",
            ),
            (
                "http://a.example/?port=9",
                Some("a&b+c%ü"),
                "http://a.example/?port=9#token=a%26b%2Bc%25%C3%BC",
            ),
        ] {
            let url = complete(address, 9, secret).unwrap();
            assert_eq!(url.as_str(), wanted);
        }
        for (address, part) in [
            ("javascript:1", "javascript"),
            ("/index.html", "no address"),
        ] {
            let problem = complete(address, 9, None).unwrap_err().to_string();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn the_secret_is_one_line() {
        let line = |text: &[u8]| {
            let (reads, mut writes) = io::pipe().unwrap();
            writes.write_all(text).unwrap();
            drop(writes);
            first_line(&reads, Duration::from_secs(5)).map_err(|problem| problem.to_string())
        };
        assert_eq!(line(b"one\ntwo\n"), Ok("one".into()));
        assert_eq!(line(b"one\r\n"), Ok("one".into()));
        assert_eq!(line(b"one"), Ok("one".into()));
        assert!(line(b"").unwrap_err().contains("ended"));
        assert!(line(b"\n").unwrap_err().contains("ended"));
        assert!(
            line(&[b'x'; SECRET_LENGTH + 1])
                .unwrap_err()
                .contains("longer")
        );
        assert!(line(b"\xff\n").unwrap_err().contains("UTF-8"));
        let (reads, _writes) = io::pipe().unwrap();
        let late = first_line(&reads, Duration::from_millis(10)).unwrap_err();
        assert!(matches!(late, PageError::Late));
    }
}
