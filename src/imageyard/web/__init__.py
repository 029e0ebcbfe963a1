"""The doors for people and programs. HTTP ends here: below this package nobody knows a status code or a header."""
