local text = string.rep("nines", 1e9)
return text
