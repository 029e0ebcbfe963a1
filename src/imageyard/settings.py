"""Every setting: frozen, grouped, read once. Precedence: flag, environment, file, default."""
