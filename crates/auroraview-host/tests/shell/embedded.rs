//! A window of this process inside of one of another, by its X11 id.

use auroraview_host_api::{HostCommand, HostEvent, OpenOptions, Place, WindowChange};

use crate::application::{Application, point, user};
use crate::process::{poll, turn};
use crate::streams::{Shell, options};

#[test]
fn it_lives_in_the_window_of_another_process() {
    let _turn = turn();
    let shell = Shell::ready();
    let application = Application::new();
    shell.send(&HostCommand::Open {
        view: 1,
        options: Box::new(OpenOptions {
            place: Place::Embedded,
            ..options("<input style='position: absolute; top: 50px'>")
        }),
    });
    let id = shell.wait("Opened", |event| match event {
        HostEvent::Opened { native_id, .. } => native_id,
        _ => None,
    });
    shell.wait("Loaded", |event| {
        matches!(event, HostEvent::Loaded { .. }).then_some(())
    });
    application.take(id);
    poll("its size", || {
        (shell.eval(1, "[innerWidth, innerHeight]") == Ok("[300,200]".into())).then_some(())
    });

    point(application.on_screen(id, 30, 60), true);
    application.has_focus(id);
    user(&["type", "ab"]);
    let text = "document.querySelector('input').value";
    poll("text", || {
        (shell.eval(1, text) == Ok("\"ab\"".into())).then_some(())
    });
    user(&["key", "F5"]);
    let stroke = shell.wait("Key", |event| match event {
        HostEvent::Key { stroke, .. } => Some(stroke),
        _ => None,
    });
    assert_eq!(stroke, "F5");
    shell.send(&HostCommand::Window {
        view: 1,
        change: WindowChange::GiveFocus(application.window),
    });
    application.has_focus(application.window);
    user(&["key", "F9"]);
    assert_eq!(application.pressed(), (application.code_of(c"F9"), 0));

    application.destroy_container();
    shell.wait("Closed", |event| {
        (event == HostEvent::Closed { view: 1 }).then_some(())
    });
    shell.open(1, "the process lives");
}
