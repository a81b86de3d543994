"""The far ends on loopback: providers and a phone, for `./run demo` and for the tests. Nothing here is ever loaded by `serve`."""
