//! Publishes the flights of New York's three airports, from the public records of 2013.
