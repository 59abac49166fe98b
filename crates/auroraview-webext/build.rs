//! Asks pkg-config where WebKitGTK is: the crates of its bindings are for the process with the windows.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for library in ["webkit2gtk-web-extension-4.1", "javascriptcoregtk-4.1"] {
        if let Err(error) = pkg_config::Config::new()
            .atleast_version("2.40")
            .probe(library)
        {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
