//! Windows with an embedded webview.
