//! The command line.

use std::ffi::OsString;
use std::os::fd::RawFd;

use auroraview_host_api::Size;
use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
Shows a page in a window, for a Python program that uses auroraview.

usage: auroraview-shell --ws-port=PORT [--title=TEXT] [--width=PIXELS] [--height=PIXELS]
       auroraview-shell --host-fd=FD
       auroraview-shell --help | --version

--ws-port   Front end of a Launcher: shows AURORAVIEW_URL (http, https or file), whose page connects to the
            WebSocket server on this port of 127.0.0.1. Its secret comes in AURORAVIEW_SECRET, or as the first line
            of stdin when AURORAVIEW_SECRET_VIA is \"stdin\".
--title     Title of the window; without it, the title of the page.
--width, --height
            Size of the page area in logical pixels; 1024 x 768 without them.
--host-fd   Windows of a program's views with isolation=\"process\": an open socket to that program.

Ends with status 0 when the window is closed, when stdin (a pipe) or the socket ends, and at SIGTERM; with 1 when no
window is possible, with 2 when the arguments are wrong.
";

const MAX_PIXELS: u32 = 32_767;

/// What the process is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Help,
    Version,
    /// Obeys host commands from this descriptor.
    Isolated {
        socket: RawFd,
    },
    FrontEnd(Front),
}

/// The window of a front end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Front {
    /// Of the program's server.
    pub(crate) port: u16,
    /// `None`: that of the page.
    pub(crate) title: Option<String>,
    pub(crate) size: Size,
}

/// What is wrong with the arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error(
        "shows windows for Python programs that use auroraview and is started by them; expected --ws-port=PORT or \
         --host-fd=FD, see --help"
    )]
    Nothing,
    #[error("--ws-port and --host-fd cannot be used together")]
    Both,
    #[error("{0} needs --ws-port")]
    NeedsPort(&'static str),
    #[error("{option}: expected {expected}, found {found:?}")]
    Value {
        option: &'static str,
        expected: &'static str,
        found: OsString,
    },
    #[error("{0}; see --help")]
    Syntax(#[from] lexopt::Error),
}

/// Reads the arguments, the program's name not among them. Of an option given twice the last one counts.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Role, UsageError> {
    let (mut port, mut socket) = (None, None);
    let (mut title, mut width, mut height) = (None, None, None);
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Role::Help),
            Arg::Long("version") | Arg::Short('V') => return Ok(Role::Version),
            Arg::Long("ws-port") => {
                port = Some(number(
                    &mut parser,
                    "--ws-port",
                    "a port, 1 to 65535",
                    1..=65_535,
                )?);
            }
            Arg::Long("host-fd") => {
                let range = 0..=RawFd::MAX.unsigned_abs();
                socket = Some(number(&mut parser, "--host-fd", "a descriptor", range)?);
            }
            Arg::Long("title") => title = Some(parser.value()?.string()?),
            Arg::Long("width") => width = Some(pixels(&mut parser, "--width")?),
            Arg::Long("height") => height = Some(pixels(&mut parser, "--height")?),
            _ => return Err(argument.unexpected().into()),
        }
    }
    let given = [
        (title.is_some(), "--title"),
        (width.is_some(), "--width"),
        (height.is_some(), "--height"),
    ];
    match (port, socket) {
        (None, None) => Err(UsageError::Nothing),
        (Some(_), Some(_)) => Err(UsageError::Both),
        (None, Some(socket)) => match given.iter().find(|(given, _)| *given) {
            Some((_, option)) => Err(UsageError::NeedsPort(option)),
            None => Ok(Role::Isolated { socket }),
        },
        (Some(port), None) => Ok(Role::FrontEnd(Front {
            port,
            title,
            size: Size {
                width: width.unwrap_or(1024),
                height: height.unwrap_or(768),
            },
        })),
    }
}

fn pixels(parser: &mut Parser, option: &'static str) -> Result<u32, UsageError> {
    number(parser, option, "pixels, 1 to 32767", 1..=MAX_PIXELS)
}

/// Digits only: neither signs nor spaces.
fn number<T: TryFrom<u32>>(
    parser: &mut Parser,
    option: &'static str,
    expected: &'static str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<T, UsageError> {
    let found = parser.value()?;
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = found
        .to_str()
        .filter(digits)
        .and_then(|text| text.parse().ok());
    let number = number.filter(|number| range.contains(number));
    match number.map(T::try_from) {
        Some(Ok(number)) => Ok(number),
        _ => Err(UsageError::Value {
            option,
            expected,
            found,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Role, String> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words).map_err(|problem| problem.to_string())
    }

    #[test]
    fn both_forms_of_an_option_are_read() {
        for line in [
            "--ws-port=8765",
            "--ws-port 8765",
            "--ws-port=1 --ws-port=08765",
        ] {
            let Ok(Role::FrontEnd(front)) = read(line) else {
                panic!("{line}: {:?}", read(line));
            };
            assert_eq!((front.port, front.title), (8765, None), "{line}");
        }
        for line in ["--host-fd=3", "--host-fd 3"] {
            assert_eq!(read(line), Ok(Role::Isolated { socket: 3 }), "{line}");
        }
        let wide = Role::FrontEnd(Front {
            port: 1,
            title: Some("A=b".into()),
            size: Size {
                width: 640,
                height: 480,
            },
        });
        assert_eq!(
            read("--width 640 --title=A=b --ws-port=1 --height=480"),
            Ok(wide)
        );
        assert_eq!(read("--ws-port=1 --help"), Ok(Role::Help));
        assert_eq!(read("--version --nonsense"), Ok(Role::Version));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("", "expected --ws-port=PORT"),
            ("--ws-port=0", "1 to 65535, found \"0\""),
            ("--ws-port=65536", "found \"65536\""),
            ("--ws-port=-1", "found \"-1\""),
            ("--ws-port=+1", "found \"+1\""),
            ("--ws-port=8x", "found \"8x\""),
            ("--ws-port=", "found \"\""),
            ("--ws-port=99999999999999999999", "found"),
            ("--ws-port", "--ws-port"),
            ("--host-fd=x", "a descriptor"),
            ("--host-fd=2147483648", "a descriptor"),
            ("--host-fd=3 --ws-port=1", "together"),
            ("--host-fd=3 --title=x", "--title needs --ws-port"),
            ("--ws-port=1 --width=0", "1 to 32767"),
            ("--ws-port=1 --height=40000", "1 to 32767"),
            ("--ws-port=1 more", "more"),
            ("--ws-port=1 --colour=red", "--colour"),
            ("-x", "-x"),
        ] {
            let problem = read(line).expect_err(line);
            assert!(
                problem.contains(part) && !problem.contains('\n'),
                "{line}: {problem}"
            );
        }
    }
}
