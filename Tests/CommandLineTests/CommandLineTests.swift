import Testing

/// The executables as their users meet them. One command at a time: each uses the whole machine.
@Suite(.serialized) struct CommandLineTests {}
