//! Arguments, subcommands, launching the program, exit codes.
