"""Our codec beside two that others wrote: the generated classes of kafka-clients, and kio."""
