//! Size, place and state of windows, under a window manager.

use auroraview_host_api::{HostCommand, HostEvent, Size, WindowChange};

use crate::common::{View, html, options, send, turn};

fn sized(view: &View, width: u32, height: u32) {
    view.expect(&HostEvent::Resized {
        view: view.id,
        size: Size { width, height },
    });
}

fn inner(view: &View, width: u32, height: u32) {
    let wanted = format!("[{width},{height}]");
    crate::common::poll(&wanted, || {
        (view.value("[innerWidth, innerHeight]") == wanted).then_some(())
    });
}

/// Whether the engine thinks so too; the event may have come while the page was loading.
fn focused(view: &View) {
    crate::common::poll("focus", || {
        (view.value("document.hasFocus()") == "true").then_some(())
    });
}

fn picture(view: &View) -> Result<Vec<u8>, String> {
    send(&HostCommand::Screenshot {
        view: view.id,
        request: 1,
        painted: false,
    });
    view.wait("Screenshot", |event| match event {
        HostEvent::Screenshot { result, .. } => Some(result.clone()),
        _ => None,
    })
}

fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(bytes.get(..8), Some(&b"\x89PNG\r\n\x1a\n"[..]));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    (number(16), number(20))
}

#[test]
fn sizes_are_those_of_the_page() {
    let _turn = turn();
    let view = View::open_only(options(html("<p>hi</p>")));
    sized(&view, 320, 240);
    view.loaded();
    inner(&view, 320, 240);
    view.window(WindowChange::Size(Size {
        width: 401,
        height: 303,
    }));
    sized(&view, 401, 303);
    inner(&view, 401, 303);
    view.close();
}

#[test]
fn a_window_that_cannot_be_resized_still_has_its_size() {
    let _turn = turn();
    let mut options = options(html(""));
    options.resizable = false;
    let view = View::open_only(options);
    sized(&view, 320, 240);
    view.loaded();
    inner(&view, 320, 240);
    for (width, height) in [(200, 150), (500, 400)] {
        view.window(WindowChange::Size(Size { width, height }));
        sized(&view, width, height);
        inner(&view, width, height);
    }
    view.close();
}

#[test]
fn no_window_is_smaller_than_its_smallest_size() {
    let _turn = turn();
    let mut options = options(html(""));
    options.min_size = Some(Size {
        width: 250,
        height: 200,
    });
    let view = View::open_only(options);
    sized(&view, 320, 240);
    view.window(WindowChange::Size(Size {
        width: 10,
        height: 10,
    }));
    sized(&view, 250, 200);
    view.close();
}

#[test]
fn a_position_that_is_set_is_the_one_that_is_reported() {
    let _turn = turn();
    for decorations in [true, false] {
        let mut options = options(html(""));
        options.position = Some((150, 120));
        options.decorations = decorations;
        let view = View::open_only(options);
        let moved = |x, y| {
            view.expect(&HostEvent::Moved {
                view: view.id,
                x,
                y,
            });
        };
        moved(150, 120);
        view.window(WindowChange::Position(222, 111));
        moved(222, 111);
        view.loaded();
        focused(&view);
        view.window(WindowChange::Visible(false));
        view.expect(&HostEvent::Hidden { view: view.id });
        view.window(WindowChange::Visible(true));
        view.expect(&HostEvent::Shown { view: view.id });
        view.window(WindowChange::Position(50, 60));
        moved(50, 60);
        view.close();
    }
}

#[test]
fn a_hidden_window_loads_its_page_and_is_shown_later() {
    let _turn = turn();
    let mut options = options(html("<script>auroraview.send_event('ran')</script>"));
    options.visible = false;
    let view = View::open_only(options);
    view.posted("\"ran\"");
    let events = view.until("Loaded", |event| matches!(event, HostEvent::Loaded { .. }));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, HostEvent::Shown { .. }))
    );
    view.window(WindowChange::Visible(true));
    view.expect(&HostEvent::Shown { view: view.id });
    inner(&view, 320, 240);
    view.close();
}

#[test]
fn states_are_reported_once() {
    let _turn = turn();
    let view = View::open_html("");
    view.window(WindowChange::Fullscreen(true));
    let on = |on| HostEvent::Fullscreen { view: view.id, on };
    view.expect(&on(true));
    let large = |what| {
        let size = view.wait(what, |event| match event {
            HostEvent::Resized { size, .. } => Some(*size),
            _ => None,
        });
        assert!(size.width > 1000 && size.height > 700, "{what}: {size:?}");
    };
    large("the size of the screen");
    view.window(WindowChange::Fullscreen(false));
    view.expect(&on(false));
    sized(&view, 320, 240);
    view.window(WindowChange::Maximize);
    large("nearly the size of the screen");
    view.window(WindowChange::Restore);
    sized(&view, 320, 240);
    view.window(WindowChange::Minimize);
    view.expect(&HostEvent::Blurred { view: view.id });
    view.window(WindowChange::Restore);
    view.window(WindowChange::Focus);
    view.expect(&HostEvent::Focused { view: view.id });
    view.close();
}

#[test]
fn windows_open_maximized_or_full_screen() {
    let _turn = turn();
    let mut full = options(html(""));
    full.fullscreen = true;
    let view = View::open_only(full);
    view.expect(&HostEvent::Fullscreen {
        view: view.id,
        on: true,
    });
    view.close();
    let mut large = options(html(""));
    large.maximized = true;
    let view = View::open_only(large);
    view.wait("a large size", |event| match event {
        HostEvent::Resized { size, .. } => (size.width > 1000).then_some(()),
        _ => None,
    });
    view.close();
}

#[test]
fn focus_follows_the_window_asked_for() {
    let _turn = turn();
    let a = View::open_html("<input autofocus>");
    focused(&a);
    let b = View::open_html("");
    b.window(WindowChange::Focus);
    focused(&b);
    a.expect(&HostEvent::Blurred { view: a.id });
    a.window(WindowChange::Focus);
    a.expect(&HostEvent::Focused { view: a.id });
    focused(&a);
    a.close();
    b.close();
}

#[test]
fn a_screenshot_is_a_picture_of_the_page() {
    let _turn = turn();
    let view = View::open_html("<style>body { background: rgb(1, 200, 3) }</style>");
    inner(&view, 320, 240);
    let bytes = picture(&view).expect("a picture");
    assert_eq!(png_size(&bytes), (320, 240));
    let image = cairo::ImageSurface::create_from_png(&mut bytes.as_slice()).expect("a PNG");
    let mut image = image;
    let data = image.data().expect("pixels");
    assert_eq!(data.get(..3), Some(&[3, 200, 1][..]));
    drop(data);
    view.close();
}

#[test]
fn odd_options_open_a_window_all_the_same() {
    let _turn = turn();
    let logs = crate::common::global_events();
    let mut options = options(html("<p>hi</p>"));
    options.transparent = true;
    options.background_color = Some([1, 2, 3, 128]);
    options.decorations = false;
    options.always_on_top = true;
    options.icon = Some("/no/such/icon.png".into());
    options.user_agent = Some("Test/1".into());
    options.context_menu = false;
    options.debug = true;
    options.size = Size {
        width: 0,
        height: 0,
    };
    options.allow_origins = vec!["nonsense".into()];
    let view = View::open(options);
    assert_eq!(view.value("navigator.userAgent"), r#""Test/1""#);
    let words: Vec<_> = logs.try_iter().collect();
    for part in ["/no/such/icon.png", "\"nonsense\""] {
        assert!(
            words.iter().any(
                |event| matches!(event, HostEvent::Log { message, .. } if message.contains(part))
            ),
            "{words:#?}"
        );
    }
    view.close();
}
