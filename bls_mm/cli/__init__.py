"""The console command ``bls``: one file per subcommand, and what they share."""
