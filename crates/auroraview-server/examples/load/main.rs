//! A native client that puts load on a server, for `make bench`: no browser, no Python, one thread, so that what is
//! measured is the server.
//!
//! It speaks the connection protocol of PROTOCOL.md (hello, session, numbered frames, acknowledgements, heartbeats),
//! or, with `--dialect plain`, bare JSON over a WebSocket: `{"id", "method", "params"}` there, `{"id", "result"}` back.
//! Either way the same calls are made. Prints one JSON object.

mod loads;
mod peer;

use std::collections::HashMap;
use std::process::ExitCode;
use std::str::FromStr;

use peer::{Dialect, Failure, Target};

const USAGE: &str = "usage: load LOAD --url ws://HOST:PORT/PATH [--dialect auroraview|plain] [--token TOKEN] ...
  calls    [--count 100000] [--window 10000] [--batch 1]       calls in flight, so many to a message
  trips    [--count 2000]                                      calls one after another
  fan      [--peers 100] [--rounds 100] [--interval 20] [--ack-after 0]   one event to all, times in ms
  bulk     [--bytes 1000000] [--count 20]                      binary, up and down
  idle     [--peers 500]                                       held until the standard input ends
  resume   [--missed 1000] [--rounds 20]                       a lost connection, and what it missed";

/// The words of the command line after the load's name: pairs of `--name value`.
pub(crate) struct Options(HashMap<String, String>);

impl Options {
    fn parse(words: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = HashMap::new();
        let mut words = words;
        while let Some(word) = words.next() {
            options.insert(word.strip_prefix("--")?.to_owned(), words.next()?);
        }
        Some(Self(options))
    }

    /// A number by its name, or what it is when not given.
    pub(crate) fn number<T: FromStr>(&self, name: &str, otherwise: T) -> Result<T, Failure> {
        match self.0.get(name) {
            None => Ok(otherwise),
            Some(word) => word
                .parse()
                .map_err(|_| Failure::Usage(format!("--{name} is no number: {word}"))),
        }
    }

    fn target(&self, load: &str) -> Result<Target, Failure> {
        let url = self.0.get("url").cloned();
        Ok(Target {
            url: url.ok_or_else(|| Failure::Usage("--url is missing".into()))?,
            token: self.0.get("token").cloned(),
            dialect: match self.0.get("dialect").map(String::as_str) {
                None | Some("auroraview") => Dialect::AuroraView,
                Some("plain") => Dialect::Plain,
                Some(other) => return Err(Failure::Usage(format!("no such dialect: {other}"))),
            },
            read_bytes: if load == "bulk" { 128 * 1024 } else { 4 * 1024 },
        })
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let outcome = words
        .next()
        .zip(Options::parse(words))
        .ok_or_else(|| Failure::Usage("which load?".into()))
        .and_then(|(load, options)| run(&load, &options));
    match outcome {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(Failure::Usage(problem)) => {
            eprintln!("{problem}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(load: &str, options: &Options) -> Result<serde_json::Value, Failure> {
    let target = options.target(load)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match load {
            "calls" => loads::calls(&target, options).await,
            "trips" => loads::trips(&target, options).await,
            "fan" => loads::fan(&target, options).await,
            "bulk" => loads::bulk(&target, options).await,
            "idle" => loads::idle(&target, options).await,
            "resume" => loads::resume(&target, options).await,
            other => Err(Failure::Usage(format!("no such load: {other}"))),
        }
    })
}
