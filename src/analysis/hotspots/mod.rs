//! Which blocks or cells stand out from their neighbors more than chance would make them.
