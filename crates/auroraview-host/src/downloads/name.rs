//! A file name that a server or a page proposes, made one that can do no harm.
//!
//! It names a file of one folder, is seen in it, and says what it is: no separators, no leading dot, nothing that a
//! terminal or a file manager would obey or show the wrong way round.

/// Longest name in bytes. File systems take 255, and what is not complete yet is called longer.
pub(crate) const NAME_MAX: usize = 255 - ".part.wkdownload".len();

/// Longest ending that is kept when a name is cut, in bytes.
const ENDING_MAX: usize = 24;

const NAMELESS: &str = "download";

/// A safe name for what is downloaded from `url`.
pub(crate) fn safe_name(proposed: &str, url: &str, mime_type: Option<&str>) -> String {
    let last = proposed.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !is_unseen(*c)).collect();
    // No name at all: where the address is the data, or a number, the engine takes that for one, and adds an ending.
    let (stem, _) = split(&clean);
    let is_address = match url.split_once(':') {
        Some(("data", data)) => stem.contains(',') && data.contains(stem),
        Some(("blob", address)) => address.rsplit('/').next() == Some(stem),
        _ => false,
    };
    let clean = clean
        .trim()
        .trim_start_matches('.')
        .trim_end_matches(['.', ' ']);
    if clean.is_empty() || is_address {
        return format!("{NAMELESS}{}", ending_of(mime_type));
    }
    shortened(clean, NAME_MAX)
}

/// The last part of an address's path.
pub(crate) fn name_in(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let segment = parsed
        .as_ref()
        .and_then(|url| url.path_segments())
        .and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()))
        .unwrap_or_default();
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}

/// The name with a number, `a (1).txt`; number 0 is the name itself.
pub(crate) fn numbered(name: &str, number: usize) -> String {
    if number == 0 {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let mark = format!(" ({number})");
    let stem = cut(stem, NAME_MAX - ending.len() - mark.len());
    format!("{stem}{mark}{ending}")
}

/// Control characters, and those that only change how others are shown.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn shortened(name: &str, most: usize) -> String {
    if name.len() <= most {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    format!("{}{ending}", cut(stem, most - ending.len()))
}

/// Stem and ending, with its dot; `.tar.gz` is one ending.
fn split(name: &str) -> (&str, &str) {
    let dot = |text: &str| text.rfind('.').filter(|at| *at > 0);
    let Some(mut at) = dot(name) else {
        return (name, "");
    };
    if let Some(before) = dot(&name[..at])
        && name[before..at].eq_ignore_ascii_case(".tar")
    {
        at = before;
    }
    if name.len() - at > ENDING_MAX {
        return (name, "");
    }
    name.split_at(at)
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end()
}

fn ending_of(mime_type: Option<&str>) -> &'static str {
    let bare = mime_type.and_then(|mime| mime.split(';').next());
    match bare.unwrap_or_default().trim() {
        "text/plain" => ".txt",
        "text/html" => ".html",
        "text/css" => ".css",
        "text/csv" => ".csv",
        "text/javascript" => ".js",
        "application/json" => ".json",
        "application/pdf" => ".pdf",
        "application/zip" => ".zip",
        "image/png" => ".png",
        "image/jpeg" => ".jpg",
        "image/gif" => ".gif",
        "image/webp" => ".webp",
        "image/svg+xml" => ".svg",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "https://a.example/x";

    #[test]
    fn names_are_of_one_folder_and_seen() {
        for (proposed, name) in [
            ("a.txt", "a.txt"),
            ("größe 1.txt", "größe 1.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\x.dll", "x.dll"),
            ("..", "download"),
            ("/", "download"),
            ("", "download"),
            (".bashrc", "bashrc"),
            ("...x", "x"),
            ("a\u{0}\n\u{1b}[31mb\u{7f}.txt", "a[31mb.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("  a.txt . ", "a.txt"),
            (" \u{200b}. ", "download"),
        ] {
            assert_eq!(safe_name(proposed, WEB, None), name, "{proposed:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = safe_name(&format!("{}.tar.gz", "ä".repeat(300)), WEB, None);
        assert!(
            name.len() <= NAME_MAX && name.ends_with("ä.tar.gz"),
            "{name}"
        );
        let name = numbered(&name, 12);
        assert!(
            name.len() <= NAME_MAX && name.ends_with("ä (12).tar.gz"),
            "{name}"
        );
        let name = safe_name(&format!("a.{}", "b".repeat(300)), WEB, None);
        assert_eq!(name.len(), NAME_MAX);
    }

    #[test]
    fn numbers_come_before_the_ending() {
        for (name, expected) in [
            ("a.txt", "a (1).txt"),
            ("a", "a (1)"),
            ("a.tar.gz", "a (1).tar.gz"),
            ("a.b.gz", "a.b (1).gz"),
        ] {
            assert_eq!(numbered(name, 1), expected);
            assert_eq!(numbered(name, 0), name);
        }
    }

    #[test]
    fn data_is_no_name() {
        let named = |proposed, url| safe_name(proposed, url, Some("text/csv;charset=utf-8"));
        assert_eq!(named("csv,1,2", "data:text/csv,1,2"), "download.csv");
        assert_eq!(named("csv,1,2.csv", "data:text/csv,1,2"), "download.csv");
        assert_eq!(named("csv", "data:text/csv,1,2"), "csv");
        assert_eq!(named("table.csv", "data:text/csv,1,2"), "table.csv");
        assert_eq!(
            named("0a-1b", "blob:https://a.example/0a-1b"),
            "download.csv"
        );
        assert_eq!(named("b.csv", "blob:https://a.example/0a-1b"), "b.csv");
        assert_eq!(safe_name("x", WEB, None), "x");
    }

    #[test]
    fn addresses_have_names() {
        assert_eq!(name_in("auroraview://v1/a/b%20%C3%BC.zip?x#y"), "b ü.zip");
        assert_eq!(name_in("https://a.example/"), "");
        assert_eq!(name_in("https://a.example/%2e%2e%2fx"), "../x");
    }
}
