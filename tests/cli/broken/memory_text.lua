local text = string.rep("nines", 2e8)
return text
