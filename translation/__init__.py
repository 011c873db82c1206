"""The catalog's workshop: `python -m translation` (`make messages`). Nothing that runs needs it, or Babel."""
