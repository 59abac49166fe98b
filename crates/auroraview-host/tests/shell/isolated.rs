//! Views in a process of their own, from commands to events.

use std::fmt::Write;

use auroraview_host_api::stream::put;
use auroraview_host_api::{EvalError, HostCommand, HostEvent, WindowChange};

use crate::process::{PATIENCE, poll, read, shell, titles, turn};
use crate::streams::{KEY, Shell, options};

const WELCOME: &str = r#"{"protocol":1,"methods":["add"],"namespaces":[],"limits":{"message_bytes":100000000,"depth":200,"calls_in_flight":100},"debug":false}"#;

/// A frame to the page with one message.
fn deliver(shell: &Shell, document: &str, seq: u32, event: &str, detail: &str) {
    let message = format!(r#"{{"type":"event","event":"{event}","detail":{detail}}}"#);
    shell.send(&HostCommand::Deliver {
        view: 1,
        document: document.into(),
        frame: format!(r#"{{"v":1,"doc":"{document}","seq":{seq},"msgs":[{message}]}}"#),
    });
}

/// A page that posts this text every few milliseconds.
fn ticking(text: &str) -> String {
    format!(
        "<script>setInterval(() => webkit.messageHandlers.ipc.postMessage('{KEY}' + 'document-0000001' + '{text}'), 5)</script>"
    )
}

#[test]
fn calls_and_results_cross() {
    let _turn = turn();
    let shell = Shell::ready();
    shell.send(&HostCommand::Open {
        view: 1,
        options: Box::new(options(
            "<script>auroraview.call('add', [1, 2]).then((sum) => auroraview.send_event('sum', sum))</script>",
        )),
    });
    let (document, _) = shell.posted(r#""type":"hello""#);
    deliver(&shell, &document, 1, "__auroraview_welcome", WELCOME);
    let (_, call) = shell.posted(r#""method":"add""#);
    assert!(call.contains(r#""params":[1,2]"#), "{call}");
    let result = r#"{"id":1,"ok":true,"result":"3 ü €"}"#;
    deliver(&shell, &document, 2, "__auroraview_call_result", result);
    let (_, sum) = shell.posted(r#""event":"sum""#);
    assert!(sum.contains(r#""detail":"3 ü €""#), "{sum}");
    assert_eq!(shell.eval(1, "6 * 7"), Ok("42".into()));
    assert_eq!(shell.eval(2, "1"), Err(EvalError::Gone));

    shell.send(&HostCommand::Window {
        view: 1,
        change: WindowChange::Title("another name".into()),
    });
    poll("the title", || {
        titles().contains(&"another name".to_owned()).then_some(())
    });
    shell.send(&HostCommand::Close { view: 1 });
    shell.wait("Closed", |event| {
        (event == HostEvent::Closed { view: 1 }).then_some(())
    });
    shell.open(1, "the window may come again");
    shell.send(&HostCommand::ShutDown);
    shell.wait("Closed", |event| {
        (event == HostEvent::Closed { view: 1 }).then_some(())
    });
    shell.wait("ShutDown", |event| {
        (event == HostEvent::ShutDown).then_some(())
    });
    shell.open(2, "the process goes on");
}

#[test]
fn large_messages_cross_whole_in_both_directions() {
    let _turn = turn();
    let shell = Shell::ready();
    shell.open(1, "");
    let length = 32 << 20;
    let script = format!("'{}'.length", "x".repeat(length));
    assert_eq!(shell.eval(1, &script), Ok(length.to_string()));
    let text = shell
        .eval(1, &format!("'y'.repeat({length})"))
        .expect("a text");
    assert_eq!(text.len(), length + 2);
    assert!(text.trim_matches('"').bytes().all(|byte| byte == b'y'));
}

#[test]
fn the_window_lives_while_half_a_message_is_there() {
    let _turn = turn();
    let shell = Shell::ready();
    shell.open(1, &ticking("tick"));
    let bytes = put(&HostCommand::Eval {
        view: 1,
        request: 1,
        script: format!("'{}'.length", "x".repeat(4 << 20)),
    });
    let bytes = bytes.expect("not too long");
    // A part of the length, a part of the script, all but one byte.
    let mut sent = 0;
    for until in [2, 1 << 20, bytes.len() - 1] {
        shell.write(&bytes[sent..until]);
        sent = until;
        // The socket's buffer empties only when it is read; a few ticks later it was.
        for _ in 0..5 {
            shell.posted("tick");
        }
    }
    shell.write(&bytes[sent..]);
    assert_eq!(shell.evaluated(), Ok((4 << 20).to_string()));
}

#[test]
fn many_commands_in_one_piece_are_obeyed_in_order() {
    let _turn = turn();
    let shell = Shell::ready();
    shell.open(1, "<script>window.seen = []</script>");
    let mut bytes = Vec::new();
    for request in 0..500 {
        let command = HostCommand::Eval {
            view: 1,
            request,
            script: format!("seen.push({request})"),
        };
        bytes.extend(put(&command).expect("not too long"));
    }
    for piece in bytes.chunks(7_777) {
        shell.write(piece);
    }
    for request in 0..500 {
        let expected = HostEvent::Evaluated {
            view: 1,
            request,
            result: Ok((request + 1).to_string()),
        };
        let evaluated =
            |event: HostEvent| matches!(event, HostEvent::Evaluated { .. }).then_some(event);
        assert_eq!(shell.wait("Evaluated", evaluated), expected);
    }
    let mut all = String::from("[0");
    (1..500).for_each(|number| write!(all, ",{number}").expect("memory"));
    assert_eq!(shell.eval(1, "seen"), Ok(all + "]"));
}

#[test]
fn a_dialog_with_a_loop_of_its_own_does_not_stop_commands() {
    let _turn = turn();
    let mut shell = Shell::ready();
    shell.open(1, "to be printed");
    shell.open(2, "another page");
    let before = titles().len();
    shell.send(&HostCommand::Eval {
        view: 1,
        request: 9,
        script: "setTimeout(print, 200)".into(),
    });
    shell.wait("Evaluated", |event| {
        matches!(event, HostEvent::Evaluated { .. }).then_some(())
    });
    poll("the dialog", || (titles().len() > before).then_some(()));
    assert_eq!(shell.eval(2, "1 + 1"), Ok("2".into()));
    shell.hang_up();
    assert_eq!(shell.process.status_within(PATIENCE / 8), 0);
}

#[test]
fn processes_of_the_engine_inherit_neither_socket_nor_locale_c() {
    let _turn = turn();
    let mut command = shell();
    command
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env("LANG", "C");
    let shell = Shell::of(command);
    shell.open(1, "");
    let format = "new Intl.NumberFormat().format(1.5) + new Intl.DateTimeFormat().resolvedOptions().locale.length";
    assert!(
        shell
            .eval(1, format)
            .is_ok_and(|text| text.starts_with("\"1.5"))
    );
    let own = socket_of(shell.process.id(), 3).expect("the socket");
    let others = shell.process.descendants();
    assert!(others.len() >= 2, "{others:?}");
    for process in others {
        let environment = read(process, "environ").unwrap_or_default();
        let mut lines = environment.split(|byte| *byte == 0);
        assert!(environment.is_empty() || lines.any(|line| line == b"LANG=C.UTF-8"));
        let held = (0..64).filter_map(|descriptor| socket_of(process, descriptor));
        assert!(
            !held.into_iter().any(|socket| socket == own),
            "{process} holds it"
        );
    }
}

fn socket_of(process: u32, descriptor: u32) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{process}/fd/{descriptor}")).ok()
}
