"""What a class hands in: found under whatever name it has, read, and told what was seen of it."""
