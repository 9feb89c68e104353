"""The judge: AIPerf itself reads what this tool converted for it. Not part of the installed package."""
