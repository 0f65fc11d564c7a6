//! Whether an incident makes another one nearby soon after likelier.
