"""From reports to each person's marks, by the class's own files and the manifest's rules."""
