//! Publishes the hourly weather observations at New York's three airports.
