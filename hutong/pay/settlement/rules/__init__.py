"""Pure decisions of `settlement`: states (`states`), bank accounts (`accounts`), files for the bank (`bank_files`)."""
