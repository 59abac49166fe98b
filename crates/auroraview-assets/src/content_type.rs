//! The `Content-Type` of a file, by its name.
//!
//! `mime_guess` knows the names; a few answers of its are overruled because pages are sent with `nosniff`: a module
//! script or a shader library with another type than browsers expect is not run at all.

use std::path::Path;

/// What browsers expect where the registry says something else, or nothing.
const OVERRULED: &[(&str, &str)] = &[
    ("cjs", "text/javascript"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("map", "application/json"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    // Sources, as source maps name them. (Also the extension of MPEG streams, which are rarely part of a page.)
    ("cts", "text/plain"),
    ("mts", "text/plain"),
    ("ts", "text/plain"),
    ("tsx", "text/plain"),
    ("jsx", "text/plain"),
    ("vue", "text/plain"),
    // Assets of three-dimensional scenes.
    ("exr", "image/x-exr"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("ktx2", "image/ktx2"),
    ("mtl", "model/mtl"),
    ("obj", "model/obj"),
    ("usdz", "model/vnd.usdz+zip"),
];

/// Of the file at `path`; bytes without a meaning when its name says nothing.
pub(crate) fn content_type(path: &Path) -> String {
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let overruled = OVERRULED.iter().find(|(name, _)| *name == extension);
    let essence = match overruled {
        Some((_, essence)) => (*essence).to_owned(),
        None => mime_guess::from_ext(&extension)
            .first_or_octet_stream()
            .essence_str()
            .to_owned(),
    };
    if is_text(&essence) {
        format!("{essence}; charset=utf-8")
    } else {
        essence
    }
}

fn is_text(essence: &str) -> bool {
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence,
            "application/json" | "application/xml" | "application/javascript"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_types_that_browsers_expect() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("A.JS", "text/javascript; charset=utf-8"),
            ("a.js.map", "application/json; charset=utf-8"),
            ("a.json", "application/json; charset=utf-8"),
            ("a.svg", "image/svg+xml; charset=utf-8"),
            ("a.webmanifest", "application/manifest+json; charset=utf-8"),
            ("a.ts", "text/plain; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("a.glb", "model/gltf-binary"),
            ("a.obj", "model/obj"),
            ("a.png", "image/png"),
            ("a.woff2", "font/woff2"),
            ("a.mp4", "video/mp4"),
            ("a.unheard-of", "application/octet-stream"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type(Path::new(name)), expected, "{name}");
        }
    }
}
