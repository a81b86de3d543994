"""The core: it keeps what the wires bring, makes it a case, and answers. Nothing is imported here, so that the reader process stays small."""
