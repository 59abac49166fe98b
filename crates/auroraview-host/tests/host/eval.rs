//! Values, errors and lost documents of evaluated scripts.

use auroraview_host_api::{EvalError, HostCommand};

use crate::common::{View, html, options, send, turn};

fn raised(name: &str, message: &str) -> Result<String, EvalError> {
    Err(EvalError::Raised {
        name: name.into(),
        message: message.into(),
    })
}

#[test]
fn scripts_have_values() {
    let _turn = turn();
    let view = View::open_html("<script>let lexical = 5; var global = 6</script>");
    for (script, value) in [
        ("1 + 1", "2"),
        ("undefined", "null"),
        ("", "null"),
        ("(() => 1)", "null"),
        ("'ü \\u0000 €'", r#""ü \u0000 €""#),
        ("'\\ud800'", r#""\ud800""#),
        ("[1, {a: null}]", r#"[1,{"a":null}]"#),
        ("lexical + global", "11"),
        ("var later = 7; later", "7"),
        ("later", "7"),
        ("Promise.resolve('p')", r#""p""#),
        (
            "new Promise((resolve) => setTimeout(resolve, 5, [3]))",
            "[3]",
        ),
        ("new Date(0)", r#""1970-01-01T00:00:00.000Z""#),
    ] {
        assert_eq!(view.eval(script), Ok(value.to_owned()), "{script}");
    }
    assert_eq!(view.value("'x'.repeat(2 ** 20)").len(), (1 << 20) + 2);
    let long = format!("'{}'.length", "y".repeat(1 << 20));
    assert_eq!(view.value(&long), (1 << 20).to_string());
    view.close();
}

#[test]
fn what_is_thrown_arrives_with_name_and_message() {
    let _turn = turn();
    let view = View::open_html("");
    for (script, name, message) in [
        ("throw new RangeError('too far')", "RangeError", "too far"),
        ("throw 'text'", "Error", "text"),
        ("throw null", "Error", "null"),
        (
            "Promise.reject(new TypeError('later'))",
            "TypeError",
            "later",
        ),
        ("throw new EvalError('mine')", "EvalError", "mine"),
    ] {
        assert_eq!(view.eval(script), raised(name, message), "{script}");
    }
    for (script, name) in [
        ("nowhere", "ReferenceError"),
        ("1 +", "SyntaxError"),
        ("const c = {}; c.c = c; c", "TypeError"),
        ("10n", "TypeError"),
        ("'\0'", "SyntaxError"),
    ] {
        match view.eval(script) {
            Err(EvalError::Raised { name: found, .. }) => assert_eq!(found, name, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    view.close();
}

#[test]
fn scripts_run_where_the_page_forbids_eval() {
    let _turn = turn();
    let page = r#"<meta http-equiv="Content-Security-Policy" content="script-src 'self'"><p id="p">text</p>"#;
    let view = View::open_html(page);
    for (script, value) in [
        ("1 + 1", "2"),
        ("undefined", "null"),
        ("null", "null"),
        ("document.getElementById('p').textContent", r#""text""#),
        ("({a: [1]})", r#"{"a":[1]}"#),
    ] {
        assert_eq!(view.eval(script), Ok(value.to_owned()), "{script}");
    }
    assert_eq!(
        view.eval("throw new RangeError('too: far')"),
        raised("RangeError", "too: far")
    );
    for (script, name) in [("nowhere", "ReferenceError"), ("1 +", "SyntaxError")] {
        match view.eval(script) {
            Err(EvalError::Raised { name: found, .. }) => assert_eq!(found, name, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
    match view.eval("Promise.resolve(1)") {
        Err(EvalError::Raised { message, .. }) => {
            assert!(message.contains("promise cannot be awaited"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    view.close();
}

#[test]
fn questions_end_with_their_document() {
    let _turn = turn();
    let view = View::open_html("");
    let never = "new Promise(() => {})";
    let lost = view.send_eval(never);
    send(&HostCommand::Reload { view: view.id });
    assert_eq!(view.evaluated(lost), Err(EvalError::Gone));
    view.loaded();
    assert_eq!(view.value("1"), "1");
    let lost = view.send_eval(never);
    send(&HostCommand::Close { view: view.id });
    assert_eq!(view.evaluated(lost), Err(EvalError::Gone));
    let id = view.id;
    let events = view.closed();
    assert_eq!(events.len(), 1, "{events:#?}");
    let other = View::open(options(html("")));
    send(&HostCommand::Eval {
        view: id,
        request: 1,
        script: "1".into(),
    });
    other.close();
}
