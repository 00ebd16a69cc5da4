-- string.gsub calls back into Lua: each level takes a piece of C's stack.
local function f() return (("x"):gsub("x", f)) end
f()
