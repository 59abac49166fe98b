//! Both ends of fast lanes: pages that are Lanes in these tests, and workers that are plain threads.

use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use auroraview_lane::{
    Data, DocumentId, Fault, INLINE_BYTES, Kind, Lane, Limits as LaneLimits, Sent,
};
use auroraview_protocol::{Batch, EncodedEvent, Limits, SyncAnswer};
use pyo3::prelude::*;

use super::FastLane;
use crate::clock::Time;
use crate::dispatcher::Dispatcher;
use crate::job::{Handler, Occasion, Place, Times};
use crate::lock;
use crate::peer::{Outlet, PeerCore};
use crate::turns::Task;

const A: &str = "aaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccc";

const LANE: LaneLimits = LaneLimits {
    message_bytes: 4 << 20,
    queue_bytes: 16 << 20,
};
const PATIENCE: Duration = Duration::from_secs(60);

struct Way {
    fast_lane: Arc<FastLane>,
    ordinary: Arc<Mutex<Vec<String>>>,
}

impl Outlet for Way {
    fn answer(&self, answer: SyncAnswer) {
        self.fast_lane.answer(answer);
    }

    fn deliver(&self, batch: Batch) {
        if let Some(batch) = self.fast_lane.deliver(batch) {
            lock(&self.ordinary).push(batch.text);
        }
    }
}

fn hello(document: &str) -> String {
    format!(
        r#"{{"v":1,"doc":"{document}","msgs":[{{"type":"hello","protocol":1,"document":"{document}","url":""}}]}}"#
    )
}

/// The program's end of a page.
struct Host {
    dispatcher: Arc<Dispatcher>,
    peer: Arc<PeerCore>,
    fast_lane: Arc<FastLane>,
    ordinary: Arc<Mutex<Vec<String>>>,
}

fn dispatcher(limits: Limits, workers: usize) -> Arc<Dispatcher> {
    Python::initialize();
    let interval = Duration::from_millis(16);
    Arc::new(Dispatcher::new(limits, workers, interval, Time::Real).unwrap())
}

impl Host {
    fn new(dispatcher: &Arc<Dispatcher>) -> Host {
        let fast_lane = FastLane::new(Arc::clone(&dispatcher.workers), LANE);
        let ordinary = Arc::new(Mutex::default());
        let way = Way {
            fast_lane: Arc::clone(&fast_lane),
            ordinary: Arc::clone(&ordinary),
        };
        let callback = Arc::new(Python::attach(|py| py.None()));
        let peer = PeerCore::new(Arc::clone(dispatcher), Box::new(way), callback);
        fast_lane.belongs_to(&peer);
        Host {
            dispatcher: Arc::clone(dispatcher),
            peer,
            fast_lane,
            ordinary,
        }
    }

    /// A web process gets the other end.
    fn connect(&self) -> Page {
        let (ours, theirs) = Lane::pair().unwrap();
        self.fast_lane.offer(ours);
        Page(Lane::new(theirs, LANE).unwrap())
    }

    /// The hello of a document, which the host has checked.
    fn admit(&self, document: &str) {
        let hello = hello(document);
        assert!(self.fast_lane.admit(document, &hello, &mut Vec::new()));
        self.peer.flush();
    }

    /// A page that is welcomed and ready.
    fn ready(&self, document: &str) -> Page {
        let page = self.connect();
        page.begin(document);
        self.admit(document);
        assert!(page.next().contains("__auroraview_welcome"));
        page.say(document, r#"{"type":"ready"}"#);
        page
    }

    fn bind(&self, name: &str, sync: bool) {
        let handler = Arc::new(Handler {
            func: Python::attach(|py| py.None()),
            place: Place::Worker,
            sync,
            signature: None,
            times: Times::default(),
            removed: AtomicBool::new(false),
        });
        let bound = vec![(name.to_owned(), Arc::clone(&handler))];
        self.dispatcher.bind(bound, None);
        self.dispatcher.listen(name.to_owned(), handler, true);
    }

    fn is_fast(&self) -> bool {
        self.fast_lane.standing().0 == "fast"
    }
}

/// The page's end.
struct Page(Lane);

impl Page {
    fn begin(&self, document: &str) {
        self.send(Kind::Frame, document, 0, "");
    }

    fn send(&self, kind: Kind, document: &str, number: u64, text: &str) -> Sent {
        let document = DocumentId::parse(document).unwrap();
        self.0.send(kind, document, number, text, &[]).unwrap()
    }

    fn say(&self, document: &str, messages: &str) {
        let text = format!(r#"{{"v":1,"doc":"{document}","msgs":[{messages}]}}"#);
        self.send(Kind::Frame, document, 0, &text);
    }

    fn call(&self, document: &str, id: u64, method: &str) {
        self.say(
            document,
            &format!(r#"{{"type":"call","id":{id},"method":"{method}"}}"#),
        );
    }

    /// The next frame, which is acknowledged.
    fn next(&self) -> String {
        let (document, text) = self.receive().unwrap();
        if let Some(seq) = text.split(r#""seq":"#).nth(1) {
            let seq: String = seq.chars().take_while(char::is_ascii_digit).collect();
            let text = format!(r#"{{"v":1,"doc":"{document}","ack":{seq},"msgs":[]}}"#);
            self.send(Kind::Frame, document.as_str(), 0, &text);
        }
        text
    }

    /// The frames up to one that says this.
    fn until(&self, what: &str) -> String {
        let mut frames = self.next();
        while !frames.contains(what) {
            frames.push_str(&self.next());
        }
        frames
    }

    fn receive(&self) -> Result<(DocumentId, String), Fault> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let _ = self.0.flush();
            let received = self
                .0
                .receive(|message| (message.document, message.text.to_owned()))?;
            if let Some(received) = received {
                return Ok(received);
            }
            assert!(Instant::now() < deadline, "nothing came");
            self.wait(1000);
        }
    }

    fn wait(&self, milliseconds: i32) {
        let out = if self.0.is_waiting() {
            libc::POLLOUT
        } else {
            0
        };
        let mut one = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN | out,
            revents: 0,
        };
        // SAFETY: there is one.
        unsafe { libc::poll(&raw mut one, 1, milliseconds) };
    }

    /// Answers to the calls from here on, in order.
    fn answered(&self, ids: std::ops::Range<u64>) {
        let mut next = ids.start;
        while next < ids.end {
            let frame = self.next();
            for part in frame.split("__auroraview_call_result").skip(1) {
                let expected = format!(r#""detail":{{"id":{next},"ok":true"#);
                assert!(part.contains(&expected), "{next}: {part}");
                next += 1;
            }
        }
    }
}

/// Threads that answer all that comes, until the end of the test.
struct Workers {
    dispatcher: Arc<Dispatcher>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    fn start(dispatcher: &Arc<Dispatcher>, count: usize) -> Workers {
        let threads = (0..count)
            .map(|_| {
                let workers = Arc::clone(&dispatcher.workers);
                thread::spawn(move || {
                    let mut turn = None;
                    while let Some(task) = workers.wait(&mut turn, count) {
                        if let Task::Job(job) = task
                            && let Occasion::Call { generation, id, .. } = job.occasion
                        {
                            job.peer.respond(generation, id, Ok("1".into()));
                        }
                    }
                })
            })
            .collect();
        Workers {
            dispatcher: Arc::clone(dispatcher),
            threads,
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.dispatcher.workers.close();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Waits for what another thread brings about.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::yield_now();
    }
}

/// Fails when the test hangs.
fn in_time(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let runs = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match is_done.recv_timeout(2 * PATIENCE) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => runs.join().unwrap(),
    }
}

#[test]
fn a_document_that_is_admitted_speaks_and_hears_on_the_lane() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        assert_eq!(host.fast_lane.standing().0, "script-message");
        let page = host.ready(A);
        assert!(host.is_fast());
        page.call(A, 1, "unknown");
        assert!(page.next().contains("method_not_found"));
        Python::attach(|py| {
            let event = EncodedEvent::new("news", &"7".into(), false);
            host.peer.emit(py, &event, None).unwrap();
        });
        assert!(page.next().contains(r#""event":"news","detail":7"#));
        assert!(lock(&host.ordinary).is_empty());
    });
}

#[test]
fn what_comes_before_the_hello_waits_for_it() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let page = host.connect();
        page.begin(A);
        page.say(A, r#"{"type":"ready"}"#);
        page.call(A, 1, "unknown");
        host.fast_lane.drain();
        assert!(!host.peer.has_document(A));
        host.admit(A);
        let frames = page.until("method_not_found");
        assert!(frames.find("__auroraview_welcome") < frames.find("method_not_found"));
        assert_eq!(host.peer.stats_refused(), 0);
    });
}

#[test]
fn only_the_admitted_document_is_heard() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let page = host.ready(A);
        host.fast_lane.document_gone();
        host.peer.document_gone();
        // Its last words come too late, and the next one is there before its hello; the one between never says any.
        page.call(A, 1, "unknown");
        page.begin(B);
        page.call(B, 2, "unknown");
        page.begin(C);
        page.call(C, 3, "unknown");
        host.fast_lane.drain();
        assert!(!host.is_fast());
        host.admit(C);
        page.say(C, r#"{"type":"ready"}"#);
        let frames = page.until("method_not_found");
        assert!(frames.contains(r#""id":3,"ok":false"#), "{frames}");
        assert_eq!(frames.matches("\"ok\":false").count(), 1, "{frames}");
        assert_eq!(host.peer.stats_refused(), 0);
    });
}

#[test]
fn nonsense_is_counted_and_the_lane_goes_on() {
    in_time(|| {
        let limits = Limits {
            message_bytes: 1 << 20,
            ..Limits::default()
        };
        let host = Host::new(&dispatcher(limits, 1));
        let page = host.ready(A);
        page.send(Kind::Frame, A, 0, "nonsense");
        page.send(Kind::Frame, A, 0, &"x".repeat((1 << 20) + 1));
        page.send(Kind::SyncAnswer, A, 3, "{}");
        page.say(B, r#"{"type":"event","event":"e"}"#);
        host.fast_lane.drain();
        // That of a stranger is held, for it may be the next document.
        assert_eq!(host.peer.stats_refused(), 3);
        host.admit(A);
        host.fast_lane.document_gone();
        host.admit(B);
        assert!(page.next().contains("__auroraview_welcome"));
    });
}

#[test]
fn a_page_that_breaks_the_lane_goes_on_without_it() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let page = host.ready(A);
        let nonsense = [0xff_u8; 40];
        // SAFETY: the bytes are there.
        let sent = unsafe {
            libc::send(
                page.0.as_raw_fd(),
                nonsense.as_ptr().cast(),
                nonsense.len(),
                0,
            )
        };
        assert_eq!(sent, 40);
        eventually("the end", || {
            let (_, reason) = host.fast_lane.standing();
            reason.is_some_and(|reason| reason.contains("it has ended"))
        });
        assert!(matches!(page.receive(), Err(Fault::Closed)));
        assert!(!host.peer.has_document(A));
        let hello =
            r#"{"v":1,"doc":"D","msgs":[{"type":"hello","protocol":1,"document":"D","url":""}]}"#
                .replace('D', A);
        host.peer.receive(&hello, Vec::new());
        assert!(lock(&host.ordinary)[0].contains("__auroraview_welcome"));
    });
}

#[test]
fn what_was_written_before_the_end_is_taken() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        host.bind("e", false);
        let page = host.ready(A);
        for _ in 0..1000 {
            page.say(A, r#"{"type":"event","event":"e"}"#);
        }
        drop(page);
        eventually("the end", || !host.is_fast());
        assert_eq!(host.dispatcher.workers.waiting(host.peer.id), 1000);
        assert!(!host.peer.has_document(A));
    });
}

#[test]
fn a_document_that_leaves_the_lane_by_itself_is_not_heard_there_any_more() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let page = host.ready(A);
        let frame = format!(r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"ready"}}]}}"#);
        assert!(!host.fast_lane.is_left(A, &frame));
        assert!(!host.fast_lane.is_left(B, &hello(B)));
        assert!(host.is_fast());
        assert!(host.fast_lane.is_left(A, &hello(A)));
        host.peer.document_gone();
        host.peer.receive(&hello(A), Vec::new());
        assert!(!host.is_fast() && host.peer.has_document(A));
        page.call(A, 1, "unknown");
        host.fast_lane.drain();
        assert!(lock(&host.ordinary)[0].contains("__auroraview_welcome"));
        assert_eq!(
            (lock(&host.ordinary).len(), host.peer.stats_refused()),
            (1, 0)
        );
        assert!(!host.fast_lane.is_left(A, &hello(A)));
    });
}

#[test]
fn another_web_process_takes_the_place_of_the_former() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let former = host.ready(A);
        let page = host.connect();
        assert!(matches!(former.receive(), Err(Fault::Closed)));
        assert!(!host.peer.has_document(A));
        page.begin(B);
        host.admit(B);
        assert!(page.next().contains("__auroraview_welcome"));
        host.fast_lane.close("the window was closed");
        assert!(matches!(page.receive(), Err(Fault::Closed)));
        assert!(!host.fast_lane.admit(B, "", &mut Vec::new()));
    });
}

#[test]
fn synchronous_calls_are_answered_whatever_becomes_of_them() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        host.bind("fine", true);
        host.bind("later", false);
        let page = host.ready(A);
        let workers = Workers::start(&host.dispatcher, 1);
        for (number, method, expected) in [
            (1, "fine", r#""ok":true,"result":1"#),
            (2, "later", "bind it with sync=True"),
            (3, "unknown", "method_not_found"),
            (4, "", "invalid_params"),
        ] {
            let text = format!(
                r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"call","id":{number},"method":"{method}"}}]}}"#
            );
            page.send(Kind::SyncCall, A, number, &text);
            let (_, answer) = page.receive().unwrap();
            assert!(answer.contains(expected), "{answer}");
            assert!(!answer.contains("\"seq\""), "{answer}");
        }
        drop(workers);
    });
}

#[test]
fn a_page_that_floods_is_not_read_further_until_its_handlers_follow() {
    in_time(|| {
        let limits = Limits {
            calls_in_flight: 100,
            ..Limits::default()
        };
        let host = Host::new(&dispatcher(limits, 1));
        host.bind("e", false);
        let page = host.ready(A);
        let text = format!(
            r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"event","event":"e","detail":"{}"}}]}}"#,
            "x".repeat(4000)
        );
        let mut sent = 0;
        while page.send(Kind::Frame, A, 0, &text) == Sent::Written {
            sent += 1;
        }
        sent += 1;
        let waiting = || host.dispatcher.workers.waiting(host.peer.id);
        eventually("it is read as far as it may be", || waiting() > 100);
        // Other pages have their turn, and what comes the ordinary way still finds what was written before.
        let other = Host::new(&host.dispatcher);
        let calm = other.ready(B);
        calm.call(B, 1, "unknown");
        assert!(calm.next().contains("method_not_found"));
        assert!(waiting() < 300, "{}", waiting());
        for _ in 0..100 {
            host.fast_lane.drain();
        }
        assert!(waiting() < 300, "{}", waiting());
        let workers = Workers::start(&host.dispatcher, 1);
        page.call(A, 1, "e");
        page.answered(1..2);
        assert!(sent > 100 && waiting() == 0);
        drop(workers);
    });
}

#[test]
fn a_page_that_writes_on_and_on_does_not_keep_who_sees_to_what_came_after() {
    in_time(|| {
        let host = Host::new(&dispatcher(Limits::default(), 1));
        let page = host.ready(A);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let document = DocumentId::parse(A).unwrap();
                    let text = format!(
                        r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"event","event":"e","detail":"{}"}}]}}"#,
                        "x".repeat(30 << 10)
                    );
                    while !over.load(Ordering::Relaxed) {
                        if page.0.send(Kind::Frame, document, 0, &text, &[]) != Ok(Sent::Written) {
                            let _ = page.0.flush();
                        }
                    }
                });
            }
            let count = || host.dispatcher.unhandled_events();
            eventually("it writes", || count() > 1000);
            let mut most = 0;
            for _ in 0..20 {
                let before = count();
                host.fast_lane.drain();
                most = most.max(count() - before);
            }
            over.store(true, Ordering::Relaxed);
            // Among them are those of the thread that read when this one came.
            assert!(most < 500, "{most}");
        });
    });
}

#[test]
fn all_that_is_there_is_read_before_what_came_after() {
    in_time(|| {
        let limits = Limits {
            calls_in_flight: 2,
            ..Limits::default()
        };
        let host = Host::new(&dispatcher(limits, 1));
        host.bind("e", false);
        let page = host.ready(A);
        let event = r#"{"type":"event","event":"e"}"#;
        for _ in 0..3 {
            page.say(A, event);
        }
        let waiting = || host.dispatcher.workers.waiting(host.peer.id);
        eventually("it is paused", || waiting() == 3);
        // With the size of its attachment it is just too long for a packet.
        let text = format!(
            r#"{{"att":1,"v":1,"doc":"{A}","msgs":[{{"type":"event","event":"e","detail":{{"$av":0}},"att":[{{"bytes":BYTES}}]}}]}}"#
        );
        let bytes = INLINE_BYTES - text.len() - 4;
        let text = text.replace("BYTES", &bytes.to_string());
        let data = Data::Shared(vec![7; bytes].into());
        let document = DocumentId::parse(A).unwrap();
        let sent = page.0.send(Kind::Frame, document, 0, &text, &[data]);
        assert_eq!(sent, Ok(Sent::Written));
        page.say(A, event);
        page.say(A, event);
        host.fast_lane.drain();
        assert_eq!((waiting(), host.peer.stats_refused()), (6, 0));
    });
}

/// Every wake-up matters here: with one lost, a page waits for ever.
#[test]
fn lanes_change_hands_between_workers_and_nothing_is_lost() {
    in_time(|| {
        let dispatcher = dispatcher(Limits::default(), 2);
        let pages: Vec<_> = [A, B, C]
            .into_iter()
            .map(|name| {
                let host = Host::new(&dispatcher);
                host.bind("m", false);
                let page = host.ready(name);
                (name, host, page)
            })
            .collect();
        let workers = Workers::start(&dispatcher, 3);
        thread::scope(|scope| {
            for (at, (name, host, page)) in pages.iter().enumerate() {
                scope.spawn(move || {
                    let mut id = 1;
                    while id < 3000 {
                        // One after another, several at once, and with pauses in which the workers fall asleep.
                        let count = [1, 1, 1, 7, 40][(id as usize + at) % 5];
                        for more in 0..count {
                            page.call(name, id + more, "m");
                        }
                        page.answered(id..id + count);
                        id += count;
                        if id % 50 == 0 {
                            host.fast_lane.drain();
                            page.wait(1);
                        }
                    }
                });
            }
            // Tasks that come another way.
            let (_, host, _) = &pages[0];
            scope.spawn(move || {
                for _ in 0..500 {
                    host.peer.receive(
                        &format!(
                            r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"event","event":"m"}}]}}"#
                        ),
                        Vec::new(),
                    );
                    thread::yield_now();
                }
            });
        });
        drop(workers);
    });
}

#[test]
fn a_lane_may_end_at_any_moment_from_either_end() {
    in_time(|| {
        let dispatcher = dispatcher(Limits::default(), 1);
        let host = Host::new(&dispatcher);
        host.bind("m", false);
        let workers = Workers::start(&dispatcher, 2);
        for round in 0..60_u64 {
            let page = host.ready(A);
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let document = DocumentId::parse(A).unwrap();
                    for id in 1.. {
                        let text = format!(
                            r#"{{"v":1,"doc":"{A}","msgs":[{{"type":"call","id":{id},"method":"m"}}]}}"#
                        );
                        let sent = page.0.send(Kind::Frame, document, 0, &text, &[]);
                        if sent.is_err() || over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                });
                for _ in 0..round {
                    let _ = page.0.receive(|_| ());
                }
                match round % 3 {
                    0 => host.fast_lane.close("the window was closed"),
                    1 => host.fast_lane.document_gone(),
                    _ => {}
                }
                over.store(true, Ordering::Relaxed);
            });
            drop(page);
            eventually("the end", || !host.is_fast());
            host.fast_lane.close("closed");
            host.peer.document_gone();
        }
        drop(workers);
    });
}
