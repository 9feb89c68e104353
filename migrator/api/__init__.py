"""The library: read an export, bring it to a version, find runs, make tables of them, compare them.

`import migrator` offers what stands in the modules below; everything else may change without notice.
"""
