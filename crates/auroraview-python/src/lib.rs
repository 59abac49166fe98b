//! auroraview._core
