-- Thirty tables, each holding the one before it twice: a tree of a thousand million leaves.
local t = { 1 }
for _ = 1, 30 do
  t = { t, t }
end
return scenario { title = t }
