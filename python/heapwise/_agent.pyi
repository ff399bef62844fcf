"""The agent library. Importing it starts the agent if the environment asks for a capture.

Raises ImportError, with the reason as its message, in an interpreter which it cannot profile.
"""
