//! What a key press is called: its stroke, `Ctrl+Shift+S`.

use gtk::gdk::{EventKey, ModifierType, keys::Key};

/// Modifiers in the order `Ctrl`, `Alt`, `Shift`, `Meta`, then the key as `KeyboardEvent.key` names it, letters in upper
/// case. `None` for a modifier alone, and for a key without a name.
pub(crate) fn stroke(event: &EventKey) -> Option<String> {
    if event.is_modifier() {
        return None;
    }
    named(event.state(), event.keyval())
}

fn named(state: ModifierType, key: Key) -> Option<String> {
    let name = name(key)?;
    let modifiers = [
        (ModifierType::CONTROL_MASK, "Ctrl+"),
        (ModifierType::MOD1_MASK, "Alt+"),
        (ModifierType::SHIFT_MASK, "Shift+"),
        (ModifierType::MOD4_MASK | ModifierType::SUPER_MASK, "Meta+"),
    ];
    let mut stroke = String::new();
    for (mask, prefix) in modifiers {
        if state.intersects(mask) {
            stroke.push_str(prefix);
        }
    }
    Some(stroke + &name)
}

fn name(key: Key) -> Option<String> {
    let symbol = key.name()?;
    // The keys of the number pad are called as those of the same meaning.
    let symbol = symbol.strip_prefix("KP_").unwrap_or(&symbol);
    if let Some(name) = renamed(symbol) {
        return Some(name.into());
    }
    if is_function_key(symbol) || SAME.contains(&symbol) {
        return Some(symbol.into());
    }
    let character = key.to_unicode().filter(|one| !one.is_control())?;
    let mut upper = character.to_uppercase();
    Some(match (upper.next(), upper.next()) {
        (Some(one), None) => one.into(),
        _ => character.into(),
    })
}

fn is_function_key(symbol: &str) -> bool {
    let number = symbol.strip_prefix('F').map(str::parse);
    matches!(number, Some(Ok(1..=35_u8)))
}

/// X11 and the web call them the same.
const SAME: &[&str] = &[
    "Tab", "Escape", "Delete", "Insert", "Home", "End", "Pause", "Help", "Undo", "Redo", "Find",
    "Cancel", "Clear",
];

/// X11's name to the web's.
fn renamed(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "Return" | "Enter" | "ISO_Enter" => "Enter",
        "ISO_Left_Tab" => "Tab",
        "BackSpace" => "Backspace",
        "Left" => "ArrowLeft",
        "Right" => "ArrowRight",
        "Up" => "ArrowUp",
        "Down" => "ArrowDown",
        "Prior" | "Page_Up" => "PageUp",
        "Next" | "Page_Down" => "PageDown",
        "Begin" => "Clear",
        "Menu" => "ContextMenu",
        "Print" => "PrintScreen",
        "Scroll_Lock" => "ScrollLock",
        "space" | "Space" => "Space",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtk::gdk::keys::constants as key;

    #[test]
    fn strokes_are_named_as_on_the_web() {
        let none = ModifierType::empty();
        let (control, shift) = (ModifierType::CONTROL_MASK, ModifierType::SHIFT_MASK);
        let all = control | shift | ModifierType::MOD1_MASK | ModifierType::MOD4_MASK;
        // Caps Lock and Num Lock are no part of a stroke.
        let locks = ModifierType::LOCK_MASK | ModifierType::MOD2_MASK;
        for (state, pressed, expected) in [
            (control | shift, key::S, "Ctrl+Shift+S"),
            (control | locks, key::s, "Ctrl+S"),
            (none, key::F5, "F5"),
            (none, key::F12, "F12"),
            (shift, key::F, "Shift+F"),
            (none, key::Delete, "Delete"),
            (none, key::KP_Delete, "Delete"),
            (none, key::Page_Up, "PageUp"),
            (none, key::KP_Page_Down, "PageDown"),
            (control, key::plus, "Ctrl++"),
            (control, key::KP_Add, "Ctrl++"),
            (none, key::KP_7, "7"),
            (none, key::space, "Space"),
            (shift, key::ISO_Left_Tab, "Shift+Tab"),
            (none, key::Return, "Enter"),
            (none, key::KP_Enter, "Enter"),
            (none, key::BackSpace, "Backspace"),
            (none, key::Left, "ArrowLeft"),
            (none, key::Escape, "Escape"),
            (all, key::odiaeresis, "Ctrl+Alt+Shift+Meta+Ö"),
            (none, key::ssharp, "ß"),
            (none, key::Cyrillic_es, "С"),
        ] {
            assert_eq!(named(state, pressed).as_deref(), Some(expected));
        }
        assert_eq!(named(none, key::dead_acute), None);
        assert_eq!(named(none, key::VoidSymbol), None);
    }
}
