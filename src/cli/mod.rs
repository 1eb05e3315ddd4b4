//! What the command line does, a file per subcommand. Functions here take their input and output as
//! arguments; only `main` knows about standard streams and exit codes.

pub mod models;
pub mod prices;
