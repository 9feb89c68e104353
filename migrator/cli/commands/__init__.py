"""One module a command; `migrator.cli.main` imports the one that is called.

Each has three names: `Options`, a class with the attributes that a command line is read into; `arguments(command)`, the
parser that sets them, made of what is cheap to import; and `run(options)`, which does the work and returns the exit
code. A test compares the attributes with the parser's.
"""
