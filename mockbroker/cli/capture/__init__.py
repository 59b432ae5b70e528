"""What `mockbroker decode` reads: frames and log segments, from wherever somebody kept them."""
