//! Random commits at the port, done to the oracle and the candidate alike.
