//! What the client does to the server; each load returns its figures.

use std::cell::RefCell;
use std::io::{Read, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio_tungstenite::tungstenite::Bytes;

use crate::Options;
use crate::peer::{Call, Dialect, Failure, Peer, Target, number_after, results_in};

/// Many calls in flight: how many a second.
pub(crate) async fn calls(target: &Target, options: &Options) -> Result<Value, Failure> {
    let count: u64 = options.number("count", 100_000)?;
    let window: u64 = options.number("window", 10_000)?;
    let batch: u64 = options.number("batch", 1)?;
    if batch == 0 || window < batch {
        return Err(Failure::Usage("--window must hold a --batch".into()));
    }
    let params: Vec<String> = (1..=count).map(pair).collect();
    let mut peer = Peer::connect(target).await?;
    let began = Instant::now();
    let (mut sent, mut done, mut frames) = (0, 0, 0_u64);
    while done < count {
        // Half a window at a time, so that the client does not pay a system call for every call.
        if sent - done <= window / 2 {
            while sent < count && sent - done + batch <= window {
                let end = count.min(sent + batch);
                let calls: Vec<Call<'_>> = (sent + 1..=end)
                    .map(|id| call(id, "bench.pair", &params[id as usize - 1]))
                    .collect();
                peer.feed_calls(&calls).await?;
                sent = end;
            }
            peer.flush().await?;
        }
        done += results_in(target.dialect, &peer.receive().await?.text)?;
        frames += 1;
        peer.acknowledge().await?;
    }
    let seconds = began.elapsed().as_secs_f64();
    peer.leave().await?;
    Ok(json!({
        "seconds": seconds,
        "per_second": count as f64 / seconds,
        "per_answer": count as f64 / frames as f64,
    }))
}

/// Calls one after another: microseconds each.
pub(crate) async fn trips(target: &Target, options: &Options) -> Result<Value, Failure> {
    let count: u64 = options.number("count", 2_000)?;
    let mut peer = Peer::connect(target).await?;
    let mut times = Vec::new();
    for id in 1..=count {
        let params = pair(id);
        let began = Instant::now();
        answer(&mut peer, target, call(id, "bench.pair", &params)).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    peer.leave().await?;
    Ok(json!({"median_us": quantile(&mut times, 0.5), "p95_us": quantile(&mut times, 0.95)}))
}

/// One event to many peers: milliseconds from before its emit, by the server's clock, to the last receive.
pub(crate) async fn fan(target: &Target, options: &Options) -> Result<Value, Failure> {
    let count: usize = options.number("peers", 100)?;
    let rounds: usize = options.number("rounds", 100)?;
    let interval: u64 = options.number("interval", 20)?;
    let ack_after = Duration::from_millis(options.number("ack-after", 0)?);
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(Peer::connect(target).await?);
    }
    let params = format!(r#"{{"rounds":{rounds},"interval":{interval}}}"#);
    let first = peers.first_mut();
    let first = first.ok_or_else(|| Failure::Usage("--peers is 0".into()))?;
    first.feed_calls(&[call(1, "bench.fan", &params)]).await?;
    first.flush().await?;
    let rounds = Rc::new(RefCell::new(vec![Round::default(); rounds]));
    let hearing: Vec<_> = peers
        .into_iter()
        .map(|peer| spawn_local(hear(peer, rounds.clone(), ack_after)))
        .collect();
    // All are held until all have heard all.
    let mut peers = Vec::new();
    for peer in hearing {
        let ended = peer.await;
        peers.push(ended.map_err(|problem| Failure::Server(problem.to_string()))??);
    }
    let rounds = rounds.borrow();
    let mut firsts: Vec<f64> = rounds.iter().map(|round| round.first).collect();
    let mut lasts: Vec<f64> = rounds.iter().map(|round| round.last).collect();
    Ok(json!({
        "first_ms": quantile(&mut firsts, 0.5),
        "median_ms": quantile(&mut lasts, 0.5),
        "p95_ms": quantile(&mut lasts, 0.95),
        "max_ms": quantile(&mut lasts, 1.0),
    }))
}

/// When the first and the last peer had an event, in ms.
#[derive(Clone)]
struct Round {
    first: f64,
    last: f64,
}

impl Default for Round {
    fn default() -> Self {
        Self {
            first: f64::MAX,
            last: 0.0,
        }
    }
}

async fn hear(
    mut peer: Peer,
    rounds: Rc<RefCell<Vec<Round>>>,
    ack_after: Duration,
) -> Result<Peer, Failure> {
    let mut heard = 0;
    while heard < rounds.borrow().len() {
        let text = peer.receive().await?.text;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Failure::Usage("the clock is before 1970".into()))?;
        let mut rest = text.as_str();
        while let Some(at) = rest.find("\"sent\":") {
            rest = &rest[at..];
            let sent = number_after(rest, "\"sent\":")?;
            let number = number_after(rest, "\"number\":")?;
            if number != heard as u64 {
                let problem = format!("expected event {heard}, found {number}");
                return Err(Failure::Server(problem));
            }
            let late = (now.as_micros() as f64 - sent as f64) / 1e3;
            let mut rounds = rounds.borrow_mut();
            let round = &mut rounds[heard];
            round.first = round.first.min(late);
            round.last = round.last.max(late);
            heard += 1;
            rest = &rest[1..];
        }
        if !ack_after.is_zero() {
            tokio::time::sleep(ack_after).await;
        }
        peer.acknowledge().await?;
    }
    Ok(peer)
}

/// Binary, one message after another: MB a second to the server and from it, each in a call of its own.
pub(crate) async fn bulk(target: &Target, options: &Options) -> Result<Value, Failure> {
    let bytes: usize = options.number("bytes", 1_000_000)?;
    let count: u64 = options.number("count", 20)?;
    let data = Bytes::from((0..bytes).map(|at| (at % 251) as u8).collect::<Vec<u8>>());
    let params = format!("[{bytes}]");
    let mut peer = Peer::connect(target).await?;
    let (mut up, mut down) = (0.0, 0.0);
    for round in 0..=count {
        let began = Instant::now();
        let attachment = Some(data.clone());
        let sink = Call {
            attachment,
            ..call(2 * round + 1, "bench.sink", r#"[{"$av":0}]"#)
        };
        let (text, _) = answer(&mut peer, target, sink).await?;
        if number_after(&text, "\"result\":")? != bytes as u64 {
            return Err(Failure::Server(format!(
                "the server counted wrongly: {text}"
            )));
        }
        let middle = Instant::now();
        let source = call(2 * round + 2, "bench.source", &params);
        let (_, back) = answer(&mut peer, target, source).await?;
        // The first round warms up.
        if round > 0 {
            up += (middle - began).as_secs_f64();
            down += middle.elapsed().as_secs_f64();
        }
        if back.map(|back| back.len()) != Some(bytes) {
            return Err(Failure::Server("it sent the wrong number of bytes".into()));
        }
    }
    peer.leave().await?;
    let megabytes = bytes as f64 * count as f64 / 1e6;
    Ok(json!({"up_mb_per_second": megabytes / up, "down_mb_per_second": megabytes / down}))
}

/// Peers that do nothing, until the standard input ends; says `open` when all are there.
pub(crate) async fn idle(target: &Target, options: &Options) -> Result<Value, Failure> {
    let count: usize = options.number("peers", 500)?;
    let (report, mut reports) = mpsc::unbounded_channel();
    for _ in 0..count {
        let mut peer = Peer::connect(target).await?;
        let report = report.clone();
        spawn_local(async move {
            loop {
                let heard = peer.receive().await;
                let acknowledged = peer.acknowledge().await;
                if let Err(problem) = heard.and(acknowledged) {
                    let _ = report.send(problem);
                    return;
                }
            }
        });
    }
    println!("open");
    std::io::stdout().flush()?;
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    tokio::select! {
        _ = end => Ok(json!({"peers": count})),
        Some(problem) = reports.recv() => Err(problem),
    }
}

/// A connection that is cut, events meanwhile, a new connection: milliseconds from its start to the last event.
///
/// The plain dialect knows no such thing; there the server sends as many messages to whoever connects to
/// `/missed/COUNT`.
pub(crate) async fn resume(target: &Target, options: &Options) -> Result<Value, Failure> {
    let missed: u64 = options.number("missed", 1_000)?;
    let rounds: u64 = options.number("rounds", 20)?;
    let mut times = Vec::new();
    if target.dialect == Dialect::Plain {
        let url = format!("{}missed/{missed}", target.url);
        let again = Target {
            url,
            ..target.clone()
        };
        for _ in 0..rounds {
            let began = Instant::now();
            let mut peer = Peer::connect(&again).await?;
            count_events(&mut peer, 0, missed).await?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            peer.leave().await?;
        }
    } else {
        let mut control = Peer::connect(target).await?;
        let mut peer = Peer::connect(target).await?;
        for round in 0..rounds {
            let lost = peer.cut();
            let begin = round * missed;
            let params = format!(r#"{{"begin":{begin},"count":{missed}}}"#);
            answer(&mut control, target, call(round + 1, "bench.miss", &params)).await?;
            let began = Instant::now();
            peer = lost.resume(target).await?;
            count_events(&mut peer, begin, missed).await?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        control.leave().await?;
        peer.leave().await?;
    }
    Ok(json!({
        "median_ms": quantile(&mut times, 0.5),
        "p95_ms": quantile(&mut times, 0.95),
        "max_ms": quantile(&mut times, 1.0),
    }))
}

/// Waits until the events `begin..begin + count` have come, each once, in order.
async fn count_events(peer: &mut Peer, begin: u64, count: u64) -> Result<(), Failure> {
    let mut next = begin;
    while next < begin + count {
        let text = peer.receive().await?.text;
        for event in text.split("\"number\":").skip(1) {
            let number = number_after(&format!("\"number\":{event}"), "\"number\":")?;
            if number != next {
                return Err(Failure::Server(format!(
                    "expected event {next}, found {number}"
                )));
            }
            next += 1;
        }
        peer.acknowledge().await?;
    }
    Ok(())
}

/// Makes a call and waits for its answer: the text that holds it, and its attachment.
async fn answer(
    peer: &mut Peer,
    target: &Target,
    call: Call<'_>,
) -> Result<(String, Option<Bytes>), Failure> {
    peer.feed_calls(&[call]).await?;
    peer.flush().await?;
    loop {
        let mut received = peer.receive().await?;
        let binary = received.attachments.pop();
        if results_in(target.dialect, &received.text)? > 0
            || (target.dialect == Dialect::Plain && binary.is_some())
        {
            return Ok((received.text.as_str().to_owned(), binary));
        }
        peer.acknowledge().await?;
    }
}

fn call<'a>(id: u64, method: &'a str, params: &'a str) -> Call<'a> {
    Call {
        id,
        method,
        params,
        attachment: None,
    }
}

fn pair(id: u64) -> String {
    format!(r#"{{"first":{id},"second":2}}"#)
}

fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * part).ceil() as usize;
    values.get(at.max(1) - 1).copied().unwrap_or(f64::NAN)
}
