"""FreeCAD runs this when it starts with windows. It does not import it: names from here are not seen in functions."""

import FreeCADGui
import my_panel


class MyPanelWorkbench(FreeCADGui.Workbench):
    MenuText = "My Panel"
    ToolTip = "A panel made of a web page"

    def Initialize(self):
        self.appendToolbar("My Panel", ["MyPanel_Open"])
        self.appendMenu("My Panel", ["MyPanel_Open"])

    def GetClassName(self):
        return "Gui::PythonWorkbench"


MyPanelWorkbench.Icon = my_panel.ICON  # a class does not see the names of here either
FreeCADGui.addCommand("MyPanel_Open", my_panel.Open())
FreeCADGui.addWorkbench(MyPanelWorkbench())
