//! The library of the fast lane, and the program's end of a lane.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use auroraview_host_api::OpenOptions;
use auroraview_lane::{DocumentId, Fault, Kind, Lane, Limits};
use tempfile::TempDir;

/// No single wait is longer.
const PATIENCE: Duration = Duration::from_secs(20);
const QUEUE_BYTES: u64 = 64 << 20;

/// A folder with the library alone.
static LIBRARY: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a directory");
    let test = std::env::current_exe().expect("this file");
    let name = "libauroraview_webext.so";
    std::fs::copy(test.with_file_name(name), folder.path().join(name)).expect("cargo builds it");
    folder
});

/// The folder of the library.
pub(crate) fn library() -> String {
    // What the linker calls in keeps it a dependency of the tests.
    let _ = auroraview_webext::webkit_web_extension_initialize_with_user_data as *const ();
    let folder = LIBRARY.path().to_str().expect("a name in UTF-8");
    folder.to_owned()
}

/// The same options, with the fast lane.
pub(crate) fn with_lane(options: OpenOptions) -> OpenOptions {
    OpenOptions {
        fast_lane: Some(library()),
        queue_bytes: QUEUE_BYTES,
        ..options
    }
}

/// The program's end, as of [`with_lane`] options.
pub(crate) struct LaneEnd(Lane);

impl LaneEnd {
    /// Takes what `LaneOffered` told.
    pub(crate) fn new(descriptor: RawFd, message_bytes: u64) -> Self {
        // SAFETY: it came with the event, which makes it ours.
        let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
        // SAFETY: numbers only.
        let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
        assert_eq!(flags, libc::FD_CLOEXEC, "no child of ours keeps it open");
        let limits = Limits {
            message_bytes: usize::try_from(message_bytes).expect("in memory"),
            queue_bytes: usize::try_from(QUEUE_BYTES).expect("in memory"),
        };
        Self(Lane::new(socket, limits).expect("an end of a lane"))
    }

    pub(crate) fn send(&self, document: &str, frame: &str) {
        let document = DocumentId::parse(document).expect("an id");
        self.0
            .send(Kind::Frame, document, 0, frame, &[])
            .expect("it is taken");
    }

    /// The next message: its document and its text. An error when the lane is over.
    pub(crate) fn next(&self) -> Result<(String, String), Fault> {
        let end = Instant::now() + PATIENCE;
        loop {
            let taken = self.0.receive(|message| {
                (
                    message.document.as_str().to_owned(),
                    message.text.to_owned(),
                )
            })?;
            if let Some(found) = taken {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            let mut question = libc::pollfd {
                fd: self.0.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
            // SAFETY: one entry, alive during the call.
            let answer = unsafe { libc::poll(&raw mut question, 1, milliseconds) };
            assert_eq!(answer, 1, "nothing came on the lane");
        }
    }

    /// The next message whose text contains `part`; the document it is of.
    pub(crate) fn until(&self, part: &str) -> (String, String) {
        loop {
            let (document, text) = self.next().expect("the lane goes on");
            if text.contains(part) {
                return (document, text);
            }
        }
    }

    /// Waits until the other end is closed.
    pub(crate) fn ended(&self) {
        loop {
            match self.next() {
                Ok(_) => {}
                Err(Fault::Closed) => return,
                Err(Fault::Broken(problem)) => panic!("{problem}"),
            }
        }
    }
}
