return include "include_itself.lua"
