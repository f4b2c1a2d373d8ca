//! Delays per carrier, per origin and per hour of day.
