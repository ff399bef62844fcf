"""The agent library. Importing it starts the agent if the environment asks for a capture.

Raises ImportError, with the reason as its message, in an interpreter which it cannot profile.
"""

def sizeof(obj: object, /) -> int:
    """Bytes that an object keeps alive, itself included, each once."""

def explain_size(obj: object, /) -> bytes:
    """What an object consists of, as the JSON of an inspection."""
