//! The policy language: a file is compiled once, then evaluated for every request.
