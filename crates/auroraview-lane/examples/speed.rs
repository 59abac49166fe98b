//! How fast a lane is between two processes: round trips, and large binary either way.
//!
//! `cargo run --release --package auroraview-lane --example speed`. The other process is this program again, with its end
//! of the lane as standard input. Rows: `sleeping`, both wait in the system for the next packet, so that each round trip
//! wakes each of them once; `spinning`, neither ever sleeps, which wants two idle cores. Before them `one thread`: both
//! ends in one, so the time the work itself takes on a processor, whatever else runs. Of binary the time of a whole round trip counts: written
//! into shared memory, copied out of it, and answered.

use std::io;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use auroraview_lane::{Data, DocumentId, Fault, Kind, Lane, Limits, Message};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, clock_gettime};

const LIMITS: Limits = Limits {
    message_bytes: 128 << 20,
    queue_bytes: 256 << 20,
};
const MB: usize = 1_000_000;

/// What the other process is to do with a message; its number.
#[derive(Clone, Copy)]
enum Do {
    Echo,
    /// Copy the attachment into a buffer that is kept.
    Keep,
    /// Make a new array of the attachment.
    New,
    /// Send as many bytes as the text says.
    Send,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("other") {
        return serve(io::stdin().as_fd().try_clone_to_owned()?);
    }
    let (ours, theirs) = Lane::pair()?;
    let mut other = Command::new(std::env::current_exe()?)
        .arg("other")
        .stdin(Stdio::from(theirs))
        .spawn()?;
    let lane = Lane::new(ours, LIMITS)?;
    println!("median (mean) of each");
    one_thread()?;
    for spins in [false, true] {
        let name = ["sleeping", "spinning"][usize::from(spins)];
        let end = End { lane: &lane, spins };
        // The other one does likewise from here on.
        end.ask(Do::Echo, name, &[])?;
        for length in [20, 1000, 60_000] {
            let text = "x".repeat(length);
            let times = times(ClockId::Monotonic, 5000, || end.ask(Do::Echo, &text, &[]))?;
            report(&format!("{name}, round trip of {length} B"), &times, None);
        }
        let mut kept = Vec::new();
        for length in [MB / 10, MB, 10 * MB, 64 * MB] {
            let count = (2000 * MB / length).clamp(20, 1000);
            let data = vec![1; length];
            let size = format!("{} MB", length as f64 / MB as f64);
            for (what, name_of) in [(Do::Keep, "to a kept buffer"), (Do::New, "to a new array")] {
                let times = times(ClockId::Monotonic, count, || {
                    end.ask(what, "", &[Data::Lent(&data)])
                })?;
                report(&format!("{name}, {size} {name_of}"), &times, Some(length));
            }
            let text = length.to_string();
            let times = times(ClockId::Monotonic, count, || {
                end.send(Do::Send, &text, &[])?;
                end.next(|message| drop(message.to_bytes(0)))
            })?;
            report(
                &format!("{name}, {size} from there, made new"),
                &times,
                Some(length),
            );
            kept.resize(length, 0);
            let times = self::times(ClockId::Monotonic, count, || {
                end.send(Do::Send, &text, &[])?;
                end.next(|message| message.copy(0, &mut kept))
            })?;
            report(
                &format!("{name}, {size} from there, kept"),
                &times,
                Some(length),
            );
        }
    }
    drop(lane);
    other.wait()?;
    Ok(())
}

/// Both ends in this thread; in time of the processor.
fn one_thread() -> Result<(), Box<dyn std::error::Error>> {
    let (one, other) = Lane::pair()?;
    let (one, other) = (Lane::new(one, LIMITS)?, Lane::new(other, LIMITS)?);
    let end = |lane| End { lane, spins: true };
    let (one, other) = (end(&one), end(&other));
    let text = "x".repeat(20);
    let times = times(ClockId::ThreadCPUTime, 20_000, || {
        one.send(Do::Echo, &text, &[])?;
        other.next(|message| other.send(Do::Echo, message.text, &[]))??;
        one.next(|_| ())
    })?;
    report("one thread, round trip of 20 B", &times, None);
    let mut kept = Vec::new();
    for length in [MB / 10, MB, 10 * MB, 64 * MB] {
        let count = (1000 * MB / length).clamp(10, 1000);
        let data = vec![1; length];
        kept.resize(length, 0);
        let size = format!("{} MB", length as f64 / MB as f64);
        let times = self::times(ClockId::ThreadCPUTime, count, || {
            one.send(Do::Keep, "", &[Data::Lent(&data)])?;
            other.next(|message| message.copy(0, &mut kept))?;
            other.send(Do::Keep, "", &[])?;
            one.next(|_| ())
        })?;
        report(
            &format!("one thread, {size} to a kept buffer"),
            &times,
            Some(length),
        );
        let times = self::times(ClockId::ThreadCPUTime, count, || {
            one.send(Do::New, "", &[Data::Lent(&data)])?;
            other.next(|message| drop(message.to_bytes(0)))?;
            other.send(Do::New, "", &[])?;
            one.next(|_| ())
        })?;
        report(
            &format!("one thread, {size} to a new array"),
            &times,
            Some(length),
        );
    }
    Ok(())
}

struct End<'a> {
    lane: &'a Lane,
    spins: bool,
}

impl End<'_> {
    fn send(&self, what: Do, text: &str, attachments: &[Data<'_>]) -> Result<(), Fault> {
        let document = DocumentId::parse("0123456789abcdef").ok_or(Fault::Closed)?;
        let sent = self
            .lane
            .send(Kind::Frame, document, what as u64, text, attachments);
        sent.map(drop)
            .map_err(|error| Fault::Broken(error.to_string()))
    }

    fn next<T>(&self, mut take: impl FnMut(Message<'_>) -> T) -> Result<T, Fault> {
        loop {
            if let Some(taken) = self.lane.receive(&mut take)? {
                return Ok(taken);
            }
            if !self.spins {
                let mut flags = PollFlags::IN;
                flags.set(PollFlags::OUT, self.lane.is_waiting());
                let _ = poll(&mut [PollFd::new(self.lane, flags)], None);
            }
            if self.lane.is_waiting() {
                let _ = self.lane.flush();
            }
        }
    }

    fn ask(&self, what: Do, text: &str, attachments: &[Data<'_>]) -> Result<(), Fault> {
        self.send(what, text, attachments)?;
        self.next(|_| ())
    }
}

/// The other process.
fn serve(socket: std::os::fd::OwnedFd) -> Result<(), Box<dyn std::error::Error>> {
    let lane = Lane::new(socket, LIMITS)?;
    let mut end = End {
        lane: &lane,
        spins: false,
    };
    let mut kept = Vec::new();
    let data = vec![2; 64 * MB];
    loop {
        let taken = end.next(|message| {
            let what = [Do::Echo, Do::Keep, Do::New, Do::Send][message.number as usize % 4];
            match what {
                Do::Echo => {}
                Do::Keep => {
                    kept.resize(message.bytes(0), 0);
                    message.copy(0, &mut kept);
                }
                Do::New => drop(message.to_bytes(0)),
                Do::Send => {
                    let length: usize = message.text.parse().unwrap_or(0);
                    return end
                        .send(Do::Send, "", &[Data::Lent(&data[..length])])
                        .map(|()| None);
                }
            }
            end.send(what, message.text, &[])?;
            Ok(["sleeping", "spinning"]
                .iter()
                .position(|name| *name == message.text))
        });
        match taken.and_then(|taken| taken) {
            Ok(Some(spins)) => end.spins = spins == 1,
            Ok(None) => {}
            Err(Fault::Closed) => return Ok(()),
            Err(fault) => return Err(fault.into()),
        }
    }
}

fn times(
    clock: ClockId,
    count: usize,
    mut act: impl FnMut() -> Result<(), Fault>,
) -> Result<Vec<Duration>, Fault> {
    for _ in 0..count.div_ceil(10) {
        act()?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = now(clock);
        act()?;
        times.push(now(clock).saturating_sub(start));
    }
    times.sort();
    Ok(times)
}

fn now(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

fn report(name: &str, times: &[Duration], bytes: Option<usize>) {
    let median = times[times.len() / 2].as_secs_f64();
    let mean = times.iter().sum::<Duration>().as_secs_f64() / times.len() as f64;
    let (median_us, mean_us) = (median * 1e6, mean * 1e6);
    let rate = bytes.map(|bytes| format!("  {:.2} GB/s", bytes as f64 / median / 1e9));
    let rate = rate.unwrap_or_default();
    println!("{name:<44} {median_us:>9.1} µs ({mean_us:.1}){rate}");
}
