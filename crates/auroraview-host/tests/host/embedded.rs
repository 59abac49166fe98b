//! Windows inside of one of an application, and windows that belong to one.

use auroraview_host_api::{HostCommand, HostEvent, OpenOptions, Place, Size, WindowChange};

use crate::common::application::{Application, point, property, user};
use crate::common::{View, html, options, poll, send, turn};

const PAGE: &str = "<style>body { margin: 0; background: rgb(1, 200, 3) }</style>
    <input style='position: absolute; top: 100px' onfocus='this.value += \".\"'>
    <script>var presses = 0; addEventListener('mousedown', () => presses++)</script>";

fn embedded(page: &str) -> OpenOptions {
    OpenOptions {
        place: Place::Embedded,
        ..options(html(page))
    }
}

/// Opens a page in the application's window.
fn inside(application: &Application, page: &str) -> View {
    let view = View::open(embedded(page));
    application.take(view.native_id());
    settles(&view, 300, 200);
    view
}

fn settles(view: &View, width: u32, height: u32) {
    let wanted = format!("[{width},{height}]");
    poll(&wanted, || {
        (view.value("[innerWidth, innerHeight]") == wanted).then_some(())
    });
}

/// What the page knows of it; it is told late.
fn state(view: &View, visibility: &str) {
    let wanted = format!("{visibility:?}");
    poll(visibility, || {
        (view.value("document.visibilityState") == wanted).then_some(())
    });
}

fn clicked(view: &View, application: &Application, x: i32, y: i32) {
    point(application.on_screen(view.native_id(), x, y), true);
}

fn key(view: &View) -> String {
    view.wait("Key", |event| match event {
        HostEvent::Key { stroke, .. } => Some(stroke.clone()),
        _ => None,
    })
}

fn painted(view: &View) -> Result<Vec<u8>, String> {
    send(&HostCommand::Screenshot {
        view: view.id,
        request: 1,
        painted: true,
    });
    view.wait("Screenshot", |event| match event {
        HostEvent::Screenshot { result, .. } => Some(result.clone()),
        _ => None,
    })
}

/// The first pixel, as blue, green, red; `None` while nothing was painted.
fn first_pixel(bytes: &[u8]) -> Option<(Vec<u8>, (i32, i32))> {
    let mut image = cairo::ImageSurface::create_from_png(&mut &*bytes).expect("a PNG");
    let size = (image.width(), image.height());
    let data = image.data().expect("pixels");
    let pixel = data.get(..3)?.to_vec();
    (pixel != [0, 0, 0]).then_some((pixel, size))
}

#[test]
fn it_is_nowhere_to_be_seen_until_the_application_takes_it() {
    let _turn = turn();
    let application = Application::new();
    for visible in [true, false] {
        let view = View::open(OpenOptions {
            visible,
            ..embedded(PAGE)
        });
        let id = view.native_id();
        assert!(!application.is_seen(id));
        settles(&view, 320, 240);
        application.take(id);
        assert_eq!(application.area(id), (5, 7, 300, 200));
        if !visible {
            state(&view, "hidden");
            view.window(WindowChange::Visible(true));
            view.expect(&HostEvent::Shown { view: view.id });
        }
        state(&view, "visible");
        settles(&view, 300, 200);
        application.resize(id, 280, 190);
        let size = Size {
            width: 280,
            height: 190,
        };
        view.expect(&HostEvent::Resized {
            view: view.id,
            size,
        });
        settles(&view, 280, 190);
        let (pixel, size) = poll("a picture", || first_pixel(&painted(&view).ok()?));
        assert_eq!((pixel, size), (vec![3, 200, 1], (280, 190)));
        assert_eq!(application.area(id), (5, 7, 280, 190));
        view.close();
    }
}

#[test]
fn hiding_and_showing_tell_the_page_and_never_move_the_window() {
    let _turn = turn();
    let application = Application::new();
    let view = inside(&application, PAGE);
    let id = view.native_id();
    for change in [
        WindowChange::Position(222, 111),
        WindowChange::Maximize,
        WindowChange::Fullscreen(true),
        WindowChange::AlwaysOnTop(true),
        WindowChange::Minimize,
        WindowChange::Restore,
        WindowChange::TransientFor(Some(application.window)),
        WindowChange::Visible(false),
    ] {
        view.window(change);
    }
    let told = view.until("Hidden", |event| matches!(event, HostEvent::Hidden { .. }));
    poll("hidden", || (!application.is_seen(id)).then_some(()));
    state(&view, "hidden");
    assert!(painted(&view).is_err());
    application.resize(id, 310, 210);
    view.window(WindowChange::Visible(true));
    view.expect(&HostEvent::Shown { view: view.id });
    settles(&view, 310, 210);
    poll("seen", || application.is_seen(id).then_some(()));
    state(&view, "visible");
    assert_eq!(application.area(id), (5, 7, 310, 210));
    for event in told {
        let moved = matches!(
            event,
            HostEvent::Moved { .. } | HostEvent::Fullscreen { .. }
        );
        assert!(!moved, "{event:?}");
    }
    view.close();
}

#[test]
fn a_click_takes_the_keyboard_and_the_application_gets_it_back() {
    let _turn = turn();
    let application = Application::new();
    let view = inside(&application, PAGE);
    application.take_focus();
    clicked(&view, &application, 40, 110);
    application.has_focus(view.native_id());
    view.expect(&HostEvent::Focused { view: view.id });
    poll("a focused field", || {
        (view.value("document.hasFocus() + document.querySelector('input').value") == r#""true.""#)
            .then_some(())
    });
    user(&["type", "abc"]);
    poll("text", || {
        (view.value("document.querySelector('input').value") == r#"".abc""#).then_some(())
    });

    // The pointer is over the page all the while.
    view.window(WindowChange::GiveFocus(application.window));
    application.has_focus(application.window);
    view.expect(&HostEvent::Blurred { view: view.id });
    user(&["key", "ctrl+d"]);
    // Control itself comes first.
    let code = application.code_of(c"d");
    poll("a key in the application", || {
        (application.pressed() == (code, 4)).then_some(())
    });
    assert_eq!(
        view.value("document.querySelector('input').value"),
        r#"".abc""#
    );
    assert_eq!(view.value("document.hasFocus()"), "false");

    view.window(WindowChange::Focus);
    application.has_focus(view.native_id());
    view.expect(&HostEvent::Focused { view: view.id });
    user(&["type", "e"]);
    poll("text", || {
        (view.value("document.querySelector('input').value.at(-1)") == r#""e""#).then_some(())
    });
    view.close();
}

#[test]
fn keys_that_the_page_did_not_use_are_the_applications() {
    let _turn = turn();
    let application = Application::new();
    let page = "<input autofocus><script>
        addEventListener('keydown', (e) => { if (e.key == 'F6') e.preventDefault() })
        </script>";
    let view = inside(&application, page);
    view.window(WindowChange::Focus);
    view.expect(&HostEvent::Focused { view: view.id });
    poll("an input", || {
        (view.value("document.activeElement.tagName") == r#""INPUT""#).then_some(())
    });
    user(&["key", "a", "F6", "ctrl+shift+s", "F6", "b", "F5"]);
    assert_eq!(key(&view), "Ctrl+Shift+S");
    assert_eq!(key(&view), "F5");
    assert_eq!(
        view.value("document.querySelector('input').value"),
        r#""ab""#
    );
    // Past the page's end: told once.
    user(&["key", "Tab", "F7"]);
    assert_eq!([key(&view), key(&view)], ["Tab", "F7"]);
    view.load(html("nothing to focus"), &[]);
    view.loaded();
    user(&["key", "shift+Tab", "F8"]);
    assert_eq!([key(&view), key(&view)], ["Shift+Tab", "F8"]);
    view.close();
}

#[test]
fn a_page_that_is_not_enabled_takes_no_input() {
    let _turn = turn();
    let application = Application::new();
    let view = inside(&application, PAGE);
    view.window(WindowChange::Enabled(false));
    assert_eq!(view.value("presses"), "0");
    clicked(&view, &application, 40, 20);
    view.window(WindowChange::Enabled(true));
    // What comes after the click is obeyed after it.
    assert_eq!(view.value("presses"), "0");
    poll("a click", || {
        clicked(&view, &application, 40, 20);
        (view.value("presses") != "0").then_some(())
    });
    view.close();
}

#[test]
fn a_window_that_goes_with_the_applications_is_closed() {
    let _turn = turn();
    let application = Application::new();
    let view = inside(&application, PAGE);
    application.destroy_container();
    view.closed();
    let view = View::open_html("<p>life goes on</p>");
    assert_eq!(view.value("1 + 1"), "2");
    // A window that is not there is nobody's end either.
    view.window(WindowChange::GiveFocus(0x1fff_ffff));
    view.window(WindowChange::TransientFor(Some(u64::MAX)));
    view.window(WindowChange::TransientFor(Some(0x1fff_ffff)));
    assert_eq!(view.value("1 + 2"), "3");
    view.close();
}

#[test]
fn a_window_stays_above_the_one_it_belongs_to_and_opens_over_its_middle() {
    let _turn = turn();
    let application = Application::new();
    let view = View::open(OpenOptions {
        place: Place::Toplevel {
            transient_for: Some(application.window),
        },
        ..options(html(PAGE))
    });
    let owner = |id: u64| format!("WM_TRANSIENT_FOR(WINDOW): window id # {id:#x}");
    let name = "WM_TRANSIENT_FOR";
    assert_eq!(property(view.native_id(), name), owner(application.window));
    let middle = application.on_screen(application.window, 250, 200);
    poll("its place", || {
        (application.on_screen(view.native_id(), 160, 120) == middle).then_some(())
    });
    view.window(WindowChange::TransientFor(None));
    poll("no owner", || {
        property(view.native_id(), name)
            .contains("not found")
            .then_some(())
    });
    view.window(WindowChange::TransientFor(Some(application.window)));
    poll("an owner", || {
        (property(view.native_id(), name) == owner(application.window)).then_some(())
    });
    view.close();
}

#[test]
fn a_page_can_be_shown_larger() {
    let _turn = turn();
    let view = View::open_html(PAGE);
    settles(&view, 320, 240);
    view.window(WindowChange::Zoom(f64::NAN));
    view.window(WindowChange::Zoom(2.0));
    settles(&view, 160, 120);
    view.window(WindowChange::Zoom(1.0));
    settles(&view, 320, 240);
    view.close();
}
