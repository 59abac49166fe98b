//! A request for a static file in, status, headers and a file slice out.
