//! The state of every flight, and the board that a traveller sees.
