//! Any sequence of what a page, a transport and a program do: a session keeps order, loses nothing, and stays within
//! its bounds. The model that knows is that of the protocol's own tests.
#![no_main]

#[path = "../../crates/auroraview-protocol/tests/model/mod.rs"]
mod model;

use auroraview_fuzz::Choices;
use auroraview_protocol::Limits;
use libfuzzer_sys::fuzz_target;
use model::{Op, World};

/// Each operation costs a byte or two; the model looks at all that waits after each.
const MOST: usize = 400;

/// What no session takes for anything.
const JUNK: [&str; 6] = [
    "",
    "nonsense",
    "{",
    r#"{"v":2,"doc":"d1","msgs":[]}"#,
    r#"{"v":1,"msgs":[{"type":"ready"}]}"#,
    r#"{"v":1,"doc":"d1","seq":0,"msgs":[{"type":"ready"}]}"#,
];

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices::new(input);
    let limits = Limits {
        queue_messages: 1 + choices.below(8),
        queue_bytes: [300, 2_000_000][choices.below(2)],
        calls_in_flight: 1 + choices.below(5),
        depth: 4,
        ..Limits::default()
    };
    let mut world = World::new(limits);
    if choices.one_in(2) {
        for op in [Op::Hello, Op::Welcome, Op::Ready] {
            world.run(op);
        }
    }
    for _ in 0..MOST {
        let Some(kind) = choices.next() else {
            break;
        };
        world.run(op(kind, &mut choices));
    }
    world.finish();
});

fn op(kind: u8, choices: &mut Choices<'_>) -> Op {
    match kind % 64 {
        0..2 => Op::Hello,
        2 => Op::HelloAgain,
        3..6 => Op::Ready,
        6..9 => Op::Welcome,
        9 => Op::Gone,
        10 => Op::Close,
        11..13 => Op::Open,
        13 => Op::Control,
        14..19 => Op::Call {
            deep: choices.one_in(8),
        },
        19 => Op::CallAgain(choices.below(16)),
        20..22 => Op::Cancel(choices.below(16)),
        22 => Op::Event,
        23 => Op::UnknownType,
        24 => Op::Junk(JUNK[choices.below(JUNK.len())].to_owned()),
        25 => Op::StaleFrame,
        26..31 => Op::Acknowledge(choices.below(4)),
        31 => Op::AcknowledgeUnsent,
        32..39 => emit(choices),
        39 => {
            let count = choices.below(5);
            Op::EmitAll((0..count).map(|_| name(choices)).collect())
        }
        40..43 => {
            let (name, retain) = name(choices);
            Op::Broadcast { name, retain }
        }
        43 => Op::Retain {
            name: choices.below(3),
        },
        44..48 => {
            let (key, retain) = name(choices);
            Op::EmitLatest { key, retain }
        }
        48..50 => Op::ReleaseLatest,
        50..53 => Op::Resume(choices.below(8)),
        53 => Op::ResumeWrongly(choices.below(8)),
        54..58 => Op::Respond {
            which: choices.below(8),
            fail: choices.one_in(4),
        },
        58 => Op::RespondTwice(choices.below(8)),
        59 => Op::RespondToOld(choices.below(8)),
        _ => Op::Deliver,
    }
}

/// One of few names, and whether the event is retained: in one byte.
fn name(choices: &mut Choices<'_>) -> (usize, bool) {
    let both = choices.below(12);
    (both % 3, both > 7)
}

fn emit(choices: &mut Choices<'_>) -> Op {
    let (name, retain) = name(choices);
    let size = match choices.next() {
        Some(255) => 300_000,
        Some(254) => 140_000,
        _ => 0,
    };
    Op::Emit { name, retain, size }
}
