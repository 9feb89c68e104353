"""AIPerf itself reads what this tool converted for it, and judges it. Not part of the installed package."""
