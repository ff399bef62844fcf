"""A package of the user's, for package_script.py and for `-m harvest`."""
